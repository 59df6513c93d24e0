#include "sched/fleet/fleet.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace berth::sched {
namespace {

constexpr int32_t kPodsThatMatter = 16;  // more free places for pods than this are all the same
constexpr uint64_t kOrderGap = uint64_t{1} << 32;
constexpr uint32_t kNoState = UINT32_MAX;

uint64_t mix_bits(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 29);
}

}  // namespace

Fleet::Fleet() { set_outlook({}); }
Fleet::~Fleet() = default;

uint32_t Fleet::type_of(const NodeFacts& facts) {
  for (uint32_t i = 0; i < types_.size(); ++i) {
    if (types_[i].device_class == facts.device_class && types_[i].cut == facts.cut) return i;
  }
  types_.push_back({.device_class = facts.device_class, .cut = facts.cut});
  types_.back().signature = fragmentation_->signature(facts.device_class);
  value(types_.back());
  for (Wish& wish : wishes_) {
    const auto& classes = wish.shape.classes;
    wish.types.push_back(classes.empty() ||
                         std::binary_search(classes.begin(), classes.end(), facts.device_class));
  }
  return static_cast<uint32_t>(types_.size() - 1);
}

void Fleet::value(Type& type) const {
  const auto price = outlook_.prices.find(type.device_class);
  type.price =
      price == outlook_.prices.end() ? 0 : price->second * Fragmentation::kScale / kWholeDevice;
  const auto cpu = outlook_.cpu_prices.find(type.device_class);
  type.cpu_price =
      cpu == outlook_.cpu_prices.end() ? 0 : cpu->second * Fragmentation::kScale / 1'000'000;
}

NodeIndex Fleet::add(const NodeFacts& facts) {
  const auto index = static_cast<NodeIndex>(nodes_.size());
  const auto [at, is_new] = by_id_.try_emplace(facts.id, index);
  assert(is_new);
  const uint64_t before = at == by_id_.begin() ? 0 : nodes_[std::prev(at)->second].order;
  const auto next = std::next(at);
  Node node;
  node.order = next == by_id_.end() ? before + kOrderGap
                                    : before + (nodes_[next->second].order - before) / 2;
  const bool is_crowded = node.order == before;
  nodes_.push_back(std::move(node));
  if (is_crowded) renumber();
  settle(index, facts);
  return index;
}

void Fleet::resize(NodeIndex node, const NodeFacts& facts) {
  const NodeFacts before = nodes_[node].facts;
  leave(node);
  settle(node, facts);
  const bool was_largest = before.cpu_milli == largest_cpu_ || before.devices == largest_devices_;
  if (was_largest) measure_largest();
}

// The scale of the score is that of the nodes there are, not of those there have been.
void Fleet::measure_largest() {
  int64_t cpu = 1;
  int64_t devices = 1;
  for (const Node& node : nodes_) {
    cpu = std::max(cpu, node.facts.cpu_milli);
    devices = std::max<int64_t>(devices, node.facts.devices);
  }
  if (cpu == largest_cpu_ && devices == largest_devices_) return;
  largest_cpu_ = cpu;
  largest_devices_ = devices;
  weigh();
}

std::optional<NodeIndex> Fleet::find(const NodeId& id) const {
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return std::nullopt;
  return at->second;
}

// The node is what the facts say, and empty.
void Fleet::settle(NodeIndex index, const NodeFacts& facts) {
  assert(facts.devices <= (facts.cut == 0 ? kMostDevicesPerNode : kMostSlicedDevicesPerNode));
  if (facts.cpu_milli > largest_cpu_ || facts.devices > largest_devices_) {
    largest_cpu_ = std::max(largest_cpu_, facts.cpu_milli);
    largest_devices_ = std::max<int64_t>(largest_devices_, facts.devices);
    weigh();
  }
  Node& node = nodes_[index];
  node.facts = facts;
  node.type = type_of(facts);
  node.pods_free = facts.pods;
  node.devices.assign(static_cast<size_t>(facts.devices), sets_.whole(facts.cut));
  const FreeSetId set = sets_.intern(facts.cut, node.devices);
  enter(index, {node.type, set, facts.cpu_milli, facts.memory_bytes, pods_that_matter(node)});
}

int32_t Fleet::pods_that_matter(const Node& node) {
  return static_cast<int32_t>(std::min<int64_t>(node.pods_free, kPodsThatMatter));
}

// Two neighbours have no number left between them: gives all nodes new ones, in the same order.
void Fleet::renumber() {
  uint64_t order = 0;
  for (const auto& [id, index] : by_id_) nodes_[index].order = order += kOrderGap;
}

int32_t Fleet::free_milli(NodeIndex node) const {
  return sets_.milli(states_[nodes_[node].state].key.set);
}
int64_t Fleet::free_cpu(NodeIndex node) const { return states_[nodes_[node].state].key.cpu; }
int64_t Fleet::free_memory(NodeIndex node) const { return states_[nodes_[node].state].key.memory; }

int64_t Fleet::whole_free(NodeIndex node) const {
  const std::vector<DeviceState>& devices = nodes_[node].devices;
  return std::count(devices.begin(), devices.end(), sets_.whole(nodes_[node].facts.cut));
}

int64_t Fleet::workers_that_fit(ShapeId shape, NodeIndex node) {
  if (!can_take(shape, node)) return 0;
  const Shape& wants = wishes_[shape].shape;
  int64_t most = nodes_[node].pods_free;
  if (wants.cpu_milli > 0) most = std::min(most, free_cpu(node) / wants.cpu_milli);
  if (wants.memory_bytes > 0) most = std::min(most, free_memory(node) / wants.memory_bytes);
  if (wants.need.is_none()) return most;
  if (wants.need.is_whole()) return std::min(most, whole_free(node) / wants.need.devices);
  return std::min<int64_t>(most, free_milli(node) / std::max<int64_t>(1, wants.need.total_milli()));
}

size_t Fleet::slot_of(const Key& key) const {
  uint64_t hash = mix_bits(key.type, key.set);
  hash = mix_bits(hash, static_cast<uint64_t>(key.cpu));
  hash = mix_bits(hash, static_cast<uint64_t>(key.memory));
  hash = mix_bits(hash, static_cast<uint64_t>(key.pods));
  size_t at = static_cast<size_t>(hash >> 16) & (key_index_.size() - 1);
  while (key_index_[at] != kNoState && !(states_[key_index_[at]].key == key)) {
    at = (at + 1) & (key_index_.size() - 1);
  }
  return at;
}

Fleet::StateId Fleet::state_for(const Key& key) {
  if (2 * (states_.size() + 1) > key_index_.size()) {
    key_index_.assign(std::bit_ceil(std::max<size_t>(64, 4 * (states_.size() + 1))), kNoState);
    for (StateId id = 0; id < states_.size(); ++id) key_index_[slot_of(states_[id].key)] = id;
  }
  const size_t slot = slot_of(key);
  if (key_index_[slot] != kNoState) return key_index_[slot];
  const auto id = static_cast<StateId>(states_.size());
  key_index_[slot] = id;
  const int32_t fragmentation =
      fragmentation_->expected(types_[key.type].signature, fragmentation_->rank(key.cpu), key.set);
  states_.push_back({key, fragmentation});
  heaps_.emplace_back();
  members_.push_back(0);
  places_.push_back(0);
  return id;
}

// The state has nodes from now on.
void Fleet::bear(StateId id) {
  const Key& key = states_[id].key;
  Type& type = types_[key.type];
  const uint64_t needs = key.pods > 0 ? sets_.needs_that_may_fit(key.set) : 0;
  places_[id] = static_cast<uint32_t>(type.alive.size());
  type.births.push_back(
      {needs, key.cpu, key.memory, id, static_cast<uint32_t>(type.births.size())});
  type.alive.push_back(type.births.back());
  ++births_;
  ++alive_;
  if (heaps_[id].capacity() == 0 && !spare_heaps_.empty()) {
    heaps_[id] = std::move(spare_heaps_.back());
    spare_heaps_.pop_back();
  }
  heaps_[id].clear();
}

void Fleet::bury(StateId id) {
  std::vector<Birth>& alive = types_[states_[id].key.type].alive;
  places_[alive.back().state] = places_[id];
  alive[places_[id]] = alive.back();
  alive.pop_back();
  --alive_;
  if (heaps_[id].capacity() > 0) spare_heaps_.push_back(std::exchange(heaps_[id], {}));
}

void Fleet::enter(NodeIndex node, const Key& key) {
  const StateId id = state_for(key);
  nodes_[node].state = id;
  types_[key.type].free_milli += sets_.milli(key.set);
  if (members_[id]++ == 0) bear(id);
  std::vector<NodeIndex>& heap = heaps_[id];
  if (heap.size() > 4 * members_[id] + 16) drop_strangers(id);
  heap.push_back(node);
  std::push_heap(heap.begin(), heap.end(),
                 [&](NodeIndex a, NodeIndex b) { return nodes_[a].order > nodes_[b].order; });
}

void Fleet::leave(NodeIndex node) {
  const StateId id = nodes_[node].state;
  const Key& key = states_[id].key;
  types_[key.type].free_milli -= sets_.milli(key.set);
  if (--members_[id] == 0) bury(id);
}

// The smallest id of a state with nodes.
NodeIndex Fleet::first_node(StateId state) {
  std::vector<NodeIndex>& heap = heaps_[state];
  while (nodes_[heap.front()].state != state) {
    std::pop_heap(heap.begin(), heap.end(),
                  [&](NodeIndex a, NodeIndex b) { return nodes_[a].order > nodes_[b].order; });
    heap.pop_back();
  }
  return heap.front();
}

// REQUIRES: there are two.
NodeIndex Fleet::second_node(StateId state) {
  const NodeIndex first = first_node(state);
  std::vector<NodeIndex>& heap = heaps_[state];
  const auto later = [&](NodeIndex a, NodeIndex b) { return nodes_[a].order > nodes_[b].order; };
  while (nodes_[heap.front()].state != state || heap.front() == first) {
    std::pop_heap(heap.begin(), heap.end(), later);
    heap.pop_back();
  }
  const NodeIndex second = heap.front();
  heap.push_back(first);
  std::push_heap(heap.begin(), heap.end(), later);
  return second;
}

bool Fleet::can_take(ShapeId shape, NodeIndex node) {
  const State& state = states_[nodes_[node].state];
  return wishes_[shape].types[state.key.type] && fits(footprints_[wishes_[shape].footprint], state);
}

Spot Fleet::take(ShapeId shape, NodeIndex index) {
  // Often enough to be small, seldom enough that ranking the living anew is a fraction of what the
  // births have cost.
  if (states_.size() > 4 * alive_ + 4'096 || births_ > 16 * alive_ + 4'096) forget_dead_states();
  Node& node = nodes_[index];
  const Footprint& footprint = footprints_[wishes_[shape].footprint];
  const uint32_t option = option_of(wishes_[shape].footprint, node.state);
  Key key = states_[node.state].key;
  const Spot spot{index, shape, mark(node, footprint, key.set, option)};
  key.set = sets_.options(key.set, footprint.need)[option];
  move_to(index, key, wishes_[shape].shape, 1);
  return spot;
}

Spot Fleet::force(ShapeId shape, NodeIndex index) {
  if (can_take(shape, index)) return take(shape, index);
  Node& node = nodes_[index];
  const Need& need = wishes_[shape].shape.need;
  Spot spot{index, shape, 0};
  if (need.is_whole()) {
    int32_t left = need.devices;
    for (size_t i = 0; i < node.devices.size() && left > 0; ++i) {
      if (node.devices[i] != sets_.whole(node.facts.cut)) continue;
      node.devices[i] = 0;
      spot.devices |= uint64_t{1} << i;
      --left;
    }
  }
  Key key = states_[node.state].key;
  key.set = sets_.intern(node.facts.cut, node.devices);
  move_to(index, key, wishes_[shape].shape, 1);
  return spot;
}

// The node has so many workers of the shape more, or less, and those devices free.
void Fleet::move_to(NodeIndex index, Key key, const Shape& shape, int64_t workers) {
  Node& node = nodes_[index];
  leave(index);
  node.pods_free -= workers;
  key.cpu -= workers * shape.cpu_milli;
  key.memory -= workers * shape.memory_bytes;
  key.pods = pods_that_matter(node);
  enter(index, key);
}

// Takes the option's steps on the node's own devices and says which those were.
uint64_t Fleet::mark(Node& node, const Footprint& footprint, FreeSetId set, size_t option) {
  const Need& need = sets_.need_of(footprint.need);
  uint64_t taken = 0;
  int unit = 0;
  for (const auto& [from, to] : sets_.steps(set, footprint.need, option)) {
    const auto at = std::find(node.devices.begin(), node.devices.end(), from);
    const auto device = static_cast<uint64_t>(at - node.devices.begin());
    *at = to;
    if (need.is_whole()) {
      taken |= uint64_t{1} << device;
    } else {
      const int slot = need.profile < 0 ? 0 : __builtin_ctz(static_cast<unsigned>(from & ~to));
      taken |= (device + 32 * static_cast<uint64_t>(slot) + 1) << (8 * unit++);
    }
  }
  return taken;
}

// Takes the very devices of a spot, or frees them.
void Fleet::change_devices(Node& node, const Spot& spot, bool take) {
  const Need& need = wishes_[spot.shape].shape.need;
  if (need.is_whole()) {
    const DeviceState state = take ? DeviceState{0} : sets_.whole(node.facts.cut);
    for (uint64_t left = spot.devices; left != 0; left &= left - 1) {
      node.devices[static_cast<size_t>(__builtin_ctzll(left))] = state;
    }
    return;
  }
  for (uint64_t left = spot.devices; left != 0; left >>= 8) {
    const uint64_t code = (left & 0xFF) - 1;
    const bool is_slice = need.profile >= 0;
    const int32_t size =
        is_slice ? sets_.slots(node.facts.cut, need.profile) << (code / 32) : need.milli;
    DeviceState& device = node.devices[is_slice ? code % 32 : code];
    device = static_cast<DeviceState>(device + (take ? -size : size));
  }
}

void Fleet::give(const Spot& spot) {
  Node& node = nodes_[spot.node];
  change_devices(node, spot, false);
  Key key = states_[node.state].key;
  key.set = sets_.intern(node.facts.cut, node.devices);
  move_to(spot.node, key, wishes_[spot.shape].shape, -1);
}

void Fleet::retake(const Spot& spot) {
  Node& node = nodes_[spot.node];
  change_devices(node, spot, true);
  Key key = states_[node.state].key;
  key.set = sets_.intern(node.facts.cut, node.devices);
  move_to(spot.node, key, wishes_[spot.shape].shape, 1);
}

int64_t Fleet::free_of(const DeviceClass& device_class) const {
  int64_t sum = 0;
  for (const Type& type : types_) {
    if (type.device_class == device_class) sum += type.free_milli;
  }
  return sum;
}

int64_t Fleet::fragmented_milli() const {
  int64_t sum = 0;
  for (StateId id = 0; id < states_.size(); ++id) {
    sum += int64_t{members_[id]} * states_[id].fragmentation;
  }
  return sum / Fragmentation::kScale;
}

}  // namespace berth::sched
