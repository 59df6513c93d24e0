#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/live/facts.h"

namespace berth::cli {

// Devices of one class. Those on nodes that may not get new work are part of the capacity and not
// free.
struct ClassUse {
  int64_t capacity = 0;
  int64_t allocated = 0;
  int64_t free = 0;
  std::map<std::optional<std::string>, int64_t> by_quota;  // nothing: nobody pays for them
};

struct NodeRoom {
  std::string node;
  std::string device_class;
  int64_t devices = 0;
  int64_t free = 0;
};

struct JobUse {
  const ObjectMeta* meta = nullptr;
  bool is_job = true;  // or a pod of somebody else
  std::optional<std::string> quota;
  std::string device_class;
  int64_t devices = 0;
  size_t nodes = 0;
  std::optional<Instant> since;  // admitted, or for a pod created
};

struct ClusterUse {
  std::map<std::string, ClassUse> classes;
  std::vector<NodeRoom> nodes;  // with free devices, most first
  std::vector<JobUse> holders;  // most devices first
};
ClusterUse use_of(const Live& live);

std::string use_json(const ClusterUse& use);
// The nodes and holders that there is room for on a screen; `most` of each.
std::string use_table(const ClusterUse& use, size_t most, Instant now);

}  // namespace berth::cli
