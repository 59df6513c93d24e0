#include <algorithm>
#include <tuple>
#include <utility>

#include "sched/fleet/fleet.h"

// How a fleet ranks its states for each shape.
namespace berth::sched {
namespace {

constexpr int kUnitBits = 16;  // weights per thousandth are kept with so many bits behind the point

}  // namespace

void Fleet::set_outlook(const Outlook& outlook) {
  outlook_ = outlook;
  fragmentation_ = std::make_unique<Fragmentation>(sets_, outlook_);
  value_types();
  const auto unit = [](int64_t weight, int64_t largest) {
    return (weight * Fragmentation::kScale << kUnitBits) / largest;
  };
  cpu_unit_ = unit(outlook_.weights.cpu, largest_cpu_);
  device_unit_ = unit(outlook_.weights.devices, largest_devices_ * kWholeDevice);
  for (State& state : states_) {
    state.fragmentation = fragmentation_->expected(
        types_[state.key.type].signature, fragmentation_->rank(state.key.cpu), state.key.set);
  }
  ++epoch_;
}

// Numbers every state anew, those without nodes left out, so that a fleet that lives for years does
// not keep all that it has been.
void Fleet::forget_dead_states() {
  std::vector<StateId> now(states_.size());
  std::vector<State> states;
  std::vector<uint32_t> members;
  std::vector<std::vector<NodeIndex>> heaps;
  births_.clear();
  for (StateId id = 0; id < states_.size(); ++id) {
    if (members_[id] == 0) continue;
    now[id] = static_cast<StateId>(states.size());
    births_.push_back(now[id]);
    states.push_back(std::move(states_[id]));
    members.push_back(members_[id]);
    drop_strangers(id);
    heaps.push_back(std::move(heaps_[id]));
  }
  states_ = std::move(states);
  members_ = std::move(members);
  heaps_ = std::move(heaps);
  key_index_.clear();
  for (Node& node : nodes_) node.state = now[node.state];
  ++epoch_;
}

// Keeps each node of the state once, and no other.
void Fleet::drop_strangers(StateId state) {
  std::vector<NodeIndex>& heap = heaps_[state];
  std::erase_if(heap, [&](NodeIndex node) { return nodes_[node].state != state; });
  std::sort(heap.begin(), heap.end(),
            [&](NodeIndex a, NodeIndex b) { return nodes_[a].order < nodes_[b].order; });
  heap.erase(std::unique(heap.begin(), heap.end()), heap.end());
}

ShapeId Fleet::shape(const Shape& shape) {
  const auto [at, is_new] = by_shape_.try_emplace(shape, static_cast<ShapeId>(rankings_.size()));
  if (!is_new) return at->second;
  Ranking ranking{.shape = shape, .need = sets_.need(shape.need)};
  for (const Type& type : types_) {
    ranking.types.push_back(
        shape.classes.empty() ||
        std::binary_search(shape.classes.begin(), shape.classes.end(), type.device_class));
  }
  rankings_.push_back(std::move(ranking));
  return at->second;
}

// All but the devices.
bool Fleet::fits(const Ranking& ranking, const State& state) const {
  return state.key.cpu >= ranking.shape.cpu_milli &&
         state.key.memory >= ranking.shape.memory_bytes && state.key.pods > 0 &&
         ranking.types[state.key.type];
}

// REQUIRES: the state has room.
Fleet::Ranked Fleet::score(const Ranking& ranking, StateId id) {
  const State& state = states_[id];
  const Type& type = types_[state.key.type];
  const int64_t cpu = state.key.cpu - ranking.shape.cpu_milli;
  const uint32_t rank = fragmentation_->rank(cpu);
  const std::span<const FreeSetId> options = sets_.options(state.key.set, ranking.need);
  Ranked best{INT64_MAX, id, 0};
  for (uint32_t i = 0; i < options.size(); ++i) {
    const int64_t lost = fragmentation_->expected(type.signature, rank, options[i]);
    if (lost < best.score) best = {lost, id, i};
  }
  const int64_t milli = sets_.milli(state.key.set);
  const int64_t taken = milli - sets_.milli(options[best.option]);
  best.score = state.fragmentation - best.score - (cpu * cpu_unit_ >> kUnitBits) -
               ((milli - taken) * device_unit_ >> kUnitBits) - type.price * taken -
               type.cpu_price * ranking.shape.cpu_milli;
  return best;
}

// A total order over states; ids only tell equal ones apart, and there are none.
bool Fleet::is_worse(const Ranked& a, const Ranked& b) const {
  if (a.score != b.score) return a.score < b.score;
  if (a.state == b.state) return false;
  const Key& x = states_[a.state].key;
  const Key& y = states_[b.state].key;
  const auto less = [&](const Key& k) {
    return std::tuple(sets_.milli(k.set), k.cpu, k.memory, k.pods);
  };
  if (less(x) != less(y)) return less(x) > less(y);
  return std::tie(types_[x.type].device_class, sets_.devices(x.set), types_[x.type].cut) >
         std::tie(types_[y.type].device_class, sets_.devices(y.set), types_[y.type].cut);
}

void Fleet::push(Ranking& ranking, StateId id) {
  const State& state = states_[id];
  if (!fits(ranking, state) || !sets_.fits(state.key.set, ranking.need)) return;
  ranking.heap.push_back(score(ranking, id));
  std::push_heap(ranking.heap.begin(), ranking.heap.end(),
                 [&](const Ranked& a, const Ranked& b) { return is_worse(a, b); });
}

// Ranks the states that were born since the shape was last asked for; all of them when there are
// fewer alive than that.
void Fleet::sync(Ranking& ranking) {
  const bool is_behind = births_.size() - ranking.seen > 2 * alive_;
  const bool is_bloated = ranking.heap.size() > 4 * alive_ + 64;
  if (ranking.epoch != epoch_ || is_behind || is_bloated) {
    ranking.heap.clear();
    for (StateId id = 0; id < states_.size(); ++id) {
      if (members_[id] > 0) push(ranking, id);
    }
  } else {
    for (size_t i = ranking.seen; i < births_.size(); ++i) {
      if (members_[births_[i]] > 0) push(ranking, births_[i]);
    }
  }
  ranking.epoch = epoch_;
  ranking.seen = births_.size();
}

std::optional<NodeIndex> Fleet::best(ShapeId shape) {
  Ranking& ranking = rankings_[shape];
  sync(ranking);
  while (!ranking.heap.empty()) {
    const Ranked top = ranking.heap.front();
    if (members_[top.state] > 0) return first_node(top.state);
    std::pop_heap(ranking.heap.begin(), ranking.heap.end(),
                  [&](const Ranked& a, const Ranked& b) { return is_worse(a, b); });
    ranking.heap.pop_back();
  }
  return std::nullopt;
}

std::optional<NodeIndex> Fleet::best_among(ShapeId shape, std::span<const NodeIndex> nodes) {
  const Ranking& ranking = rankings_[shape];
  looked_.resize(states_.size(), 0);
  if (++look_ == 0) std::fill(looked_.begin(), looked_.end(), 0);
  std::optional<Ranked> best;
  NodeIndex first = 0;
  for (const NodeIndex node : nodes) {
    const StateId id = nodes_[node].state;
    if (best && best->state == id) {
      if (nodes_[node].order < nodes_[first].order) first = node;
      continue;
    }
    if (std::exchange(looked_[id], look_) == look_) continue;  // it was worse
    if (!fits(ranking, states_[id]) || !sets_.fits(states_[id].key.set, ranking.need)) continue;
    const Ranked found = score(ranking, id);
    if (best && !is_worse(*best, found)) continue;
    best = found;
    first = node;
  }
  if (!best) return std::nullopt;
  return first;
}

}  // namespace berth::sched
