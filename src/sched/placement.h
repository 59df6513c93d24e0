#pragma once
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "sched/snapshot.h"

namespace berth::sched {

// Why nodes cannot take a gang, with the numbers that a message needs.
struct Shortfall {
  int64_t wants = 0;  // devices, whole gang
  int64_t free = 0;   // free devices of the class on usable nodes
  int64_t exist = 0;  // devices of the class on usable nodes
  bool operator==(const Shortfall&) const = default;
};

// Why the next worker of a gang found no node although enough devices are free in all.
struct Misfit {
  int64_t placed = 0;   // workers that found one before it
  int64_t devices = 0;  // that it wants
  // Nodes with so many free, and how many of them were passed over for what, each counted once.
  int64_t nodes = 0;
  int64_t not_selected = 0;  // by the ask's own selectors and affinity
  int64_t avoided = 0;       // its last plan failed there
  int64_t cpu = 0;
  int64_t memory = 0;
  int64_t pods = 0;
  bool operator==(const Misfit&) const = default;
};

// Where each worker of a gang is, or what kept the gang from a place.
using Places = std::variant<std::vector<NodeId>, Misfit>;

// Free devices by class, kept sorted so that the tightest node that fits is found in O(log nodes).
class Capacity {
 public:
  explicit Capacity(std::map<NodeId, Node> nodes);

  // Takes room for the whole gang and says on which node each worker is, or takes nothing.
  // Each worker goes to the node with the fewest free devices that still fits, so that whole nodes
  // stay free for gangs; ties go to the smaller name. The largest workers are placed first.
  Places place(const Ask& ask, const Alternative& wants);

  Shortfall shortfall(const Alternative& wants) const;
  // Devices of each class on usable nodes, taken ones included.
  const std::map<DeviceClass, int64_t>& usable() const { return usable_; }

 private:
  using FreeOrder = std::set<std::pair<int64_t, NodeId>>;
  const Node* tightest(const Ask& ask, const DeviceClass& device_class, int64_t count,
                       const Room& room) const;
  Misfit misfit(const Ask& ask, const DeviceClass& device_class, int64_t count,
                const Room& room) const;
  void take(const NodeId& node, int64_t devices, const Room& room, int64_t workers);

  std::map<NodeId, Node> nodes_;
  std::map<DeviceClass, FreeOrder> by_free_;
  std::map<DeviceClass, int64_t> usable_;
  std::map<DeviceClass, int64_t> free_;
};

}  // namespace berth::sched
