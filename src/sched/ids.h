#pragma once
#include <compare>
#include <string>

namespace berth::sched {

// "" is the cluster that Berth itself runs in.
struct NodeId {
  std::string cluster;
  std::string name;
  auto operator<=>(const NodeId&) const = default;
};

struct QuotaId {
  std::string name;
  auto operator<=>(const QuotaId&) const = default;
};

// The UID of the object that asks; a name can come back as another object, a UID cannot.
struct WorkloadId {
  std::string uid;
  auto operator<=>(const WorkloadId&) const = default;
};

// VENDOR-MODEL in lower case, for example "nvidia-h200".
using DeviceClass = std::string;

}  // namespace berth::sched
