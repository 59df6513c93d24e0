#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "translate/accelerators.h"
#include "translate/pod.h"

// What the extender knows of a pod, whether it came in a call of kube-scheduler, from the watch or
// from a live read. Small: there is one per pod of the cluster.
namespace berth::extender {

inline constexpr size_t kAcceleratorsMax = 8;

// Devices by the index of their resource in translate::Accelerators.
using Devices = std::array<int64_t, kAcceleratorsMax>;

inline bool any_device(const Devices& devices) {
  for (const int64_t count : devices) {
    if (count > 0) return true;
  }
  return false;
}

// The controller of a pod when it is one of Berth's kinds; empty otherwise.
struct BerthOwner {
  std::string kind;
  std::string name;
  std::string uid;

  bool exists() const { return !uid.empty(); }
  bool operator==(const BerthOwner&) const = default;
};

// Whether an ownerReference is to one of Berth's kinds that own pods.
bool is_berth_owner(std::string_view api_version, std::string_view kind);

struct PodFacts {
  std::string name_space;
  std::string name;
  std::string uid;
  BerthOwner owner;
  std::string pin;           // ungated, and the one node that its affinity allows by name
  std::string node;          // spec.nodeName: where it is bound
  Devices devices{};         // what it needs, as Kubernetes counts requests
  bool is_finished = false;  // Succeeded or Failed: holds nothing any more

  bool operator==(const PodFacts&) const = default;
};

PodFacts facts_of(const translate::Pod& pod, const translate::Accelerators& accelerators);

}  // namespace berth::extender
