#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace berth::sim::queue {

// Equal nodes.
struct ClusterShape {
  int32_t nodes = 1;
  int32_t devices_per_node = 8;
  int64_t devices() const { return int64_t{nodes} * devices_per_node; }
  bool operator==(const ClusterShape&) const = default;
};

// One worker: so many devices of one node.
struct Worker {
  int32_t node = 0;
  int32_t devices = 0;
  bool operator==(const Worker&) const = default;
};
using Placement = std::vector<Worker>;

// How many devices of each node are free, by node and by how many. A value: policies copy it to try
// things out. A gang of n devices is one worker while n fits on a node, else as many whole nodes as
// it fills and one worker with the rest.
class FreeDevices {
 public:
  explicit FreeDevices(ClusterShape shape);

  const ClusterShape& shape() const { return shape_; }
  int32_t on(int32_t node) const { return free_[static_cast<size_t>(node)]; }
  int64_t total() const { return total_; }

  // Whether a gang can be placed. If one of n devices cannot, no larger one can: its workers would
  // hold those of the smaller. Cost: O(devices per node).
  bool fits(int64_t devices) const;
  // Every worker on the fullest node that it fits on, the larger ones first, ties to the smaller
  // node. Takes nothing. Cost: O(devices per node * nodes / 64).
  std::optional<Placement> place(int64_t devices) const;

  void take(const Placement& placement);
  void give(const Placement& placement);
  void set(int32_t node, int32_t devices);

 private:
  int32_t first_with(int32_t devices, int32_t after) const;
  size_t words() const { return (free_.size() + 63) / 64; }

  ClusterShape shape_;
  int64_t total_ = 0;
  std::vector<int32_t> free_;     // by node
  std::vector<int32_t> nodes_;    // how many nodes have so many free
  std::vector<uint64_t> having_;  // which: a bit per node for each number of free devices
};

}  // namespace berth::sim::queue
