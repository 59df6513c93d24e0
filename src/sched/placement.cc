#include "sched/placement.h"

#include <algorithm>
#include <numeric>

namespace berth::sched {
namespace {

bool has_room(const Node& node, const Room& room) {
  return node.room.cpu_milli - node.room_taken.cpu_milli >= room.cpu_milli &&
         node.room.memory_bytes - node.room_taken.memory_bytes >= room.memory_bytes &&
         node.workers_taken < node.workers;
}

// Worker indexes, most devices first: what is hardest to place is placed while there is most
// choice.
std::vector<size_t> largest_first(const std::vector<int64_t>& counts) {
  std::vector<size_t> order(counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return counts[a] > counts[b]; });
  return order;
}

}  // namespace

Capacity::Capacity(std::map<NodeId, Node> nodes) : nodes_(std::move(nodes)) {
  for (const auto& [id, node] : nodes_) {
    if (!node.usable || node.device_class.empty()) continue;
    by_free_[node.device_class].emplace(node.devices_free(), id);
    usable_[node.device_class] += node.devices;
    free_[node.device_class] += std::max<int64_t>(0, node.devices_free());
  }
}

Places Capacity::place(const Ask& ask, const Alternative& wants) {
  const auto free = free_.find(wants.device_class);
  if (free == free_.end() || free->second < wants.total()) return Misfit{};
  std::vector<NodeId> nodes(wants.counts.size());
  std::vector<size_t> placed;
  Misfit why;
  for (const size_t worker : largest_first(wants.counts)) {
    const Node* node = tightest(ask, wants.device_class, wants.counts[worker], ask.rooms[worker]);
    if (node == nullptr) {
      why = misfit(ask, wants.device_class, wants.counts[worker], ask.rooms[worker]);
      why.placed = static_cast<int64_t>(placed.size());
      break;
    }
    nodes[worker] = node->id;
    take(nodes[worker], wants.counts[worker], ask.rooms[worker], +1);
    placed.push_back(worker);
  }
  if (placed.size() == nodes.size()) return nodes;
  for (const size_t worker : placed) {
    const Room& room = ask.rooms[worker];
    take(nodes[worker], -wants.counts[worker], {-room.cpu_milli, -room.memory_bytes}, -1);
  }
  return why;
}

Misfit Capacity::misfit(const Ask& ask, const DeviceClass& device_class, int64_t count,
                        const Room& room) const {
  Misfit why{.devices = count};
  const FreeOrder& order = by_free_.at(device_class);
  for (auto at = order.lower_bound({count, NodeId{}}); at != order.end(); ++at) {
    const Node& node = nodes_.at(at->second);
    ++why.nodes;
    if (ask.only && !ask.only->contains(at->second)) {
      ++why.not_selected;
    } else if (ask.avoid.contains(at->second)) {
      ++why.avoided;
    } else if (node.room.cpu_milli - node.room_taken.cpu_milli < room.cpu_milli) {
      ++why.cpu;
    } else if (node.room.memory_bytes - node.room_taken.memory_bytes < room.memory_bytes) {
      ++why.memory;
    } else {
      ++why.pods;
    }
  }
  return why;
}

const Node* Capacity::tightest(const Ask& ask, const DeviceClass& device_class, int64_t count,
                               const Room& room) const {
  const FreeOrder& order = by_free_.at(device_class);
  for (auto at = order.lower_bound({count, NodeId{}}); at != order.end(); ++at) {
    if (ask.only && !ask.only->contains(at->second)) continue;
    if (ask.avoid.contains(at->second)) continue;
    const Node& node = nodes_.at(at->second);
    if (has_room(node, room)) return &node;
  }
  return nullptr;
}

void Capacity::take(const NodeId& id, int64_t devices, const Room& room, int64_t workers) {
  Node& node = nodes_.at(id);
  FreeOrder& order = by_free_.at(node.device_class);
  order.erase({node.devices_free(), id});
  node.devices_taken += devices;
  node.room_taken.cpu_milli += room.cpu_milli;
  node.room_taken.memory_bytes += room.memory_bytes;
  node.workers_taken += workers;
  order.emplace(node.devices_free(), id);
  free_[node.device_class] -= devices;
}

Shortfall Capacity::shortfall(const Alternative& wants) const {
  const auto free = free_.find(wants.device_class);
  const auto usable = usable_.find(wants.device_class);
  return {.wants = wants.total(),
          .free = free == free_.end() ? 0 : free->second,
          .exist = usable == usable_.end() ? 0 : usable->second};
}

}  // namespace berth::sched
