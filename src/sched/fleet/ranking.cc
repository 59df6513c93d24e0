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
  const bool is_same_work = fragmentation_ != nullptr && outlook.mix == outlook_.mix &&
                            outlook.waste == outlook_.waste && outlook.weights == outlook_.weights;
  outlook_ = outlook;
  for (Type& type : types_) value(type);
  if (is_same_work) return;
  fragmentation_ = std::make_unique<Fragmentation>(sets_, outlook_);
  for (Type& type : types_) type.signature = fragmentation_->signature(type.device_class);
  weigh();
}

void Fleet::set_prices(std::map<DeviceClass, int64_t> prices) {
  outlook_.prices = std::move(prices);
  for (Type& type : types_) value(type);
}

// By what a node of the fleet has at most, every score anew.
void Fleet::weigh() {
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
  for (StateId id = 0; id < states_.size(); ++id) {
    if (members_[id] == 0) continue;
    now[id] = static_cast<StateId>(states.size());
    states.push_back(states_[id]);
    members.push_back(members_[id]);
    drop_strangers(id);
    heaps.push_back(std::move(heaps_[id]));
  }
  states_ = std::move(states);
  members_ = std::move(members);
  heaps_ = std::move(heaps);
  key_index_.clear();
  places_.assign(states_.size(), 0);
  for (Type& type : types_) {
    for (uint32_t i = 0; i < type.alive.size(); ++i) {
      Birth& birth = type.alive[i];
      birth.state = now[birth.state];
      birth.number = i;
      places_[birth.state] = i;
    }
    type.births = type.alive;
  }
  births_ = alive_;
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
  const auto [at, is_new] = by_shape_.try_emplace(shape, static_cast<ShapeId>(wishes_.size()));
  if (!is_new) return at->second;
  Wish wish{.shape = shape, .footprint = footprint_of(shape)};
  for (const Type& type : types_) {
    wish.types.push_back(
        shape.classes.empty() ||
        std::binary_search(shape.classes.begin(), shape.classes.end(), type.device_class));
  }
  wishes_.push_back(std::move(wish));
  return at->second;
}

uint32_t Fleet::footprint_of(const Shape& shape) {
  const uint32_t need = sets_.need(shape.need);
  const auto [at, is_new] = by_footprint_.try_emplace({need, shape.cpu_milli, shape.memory_bytes},
                                                      static_cast<uint32_t>(footprints_.size()));
  if (is_new) footprints_.push_back({need, shape.cpu_milli, shape.memory_bytes});
  return at->second;
}

bool Fleet::fits(const Footprint& footprint, const State& state) {
  return state.key.cpu >= footprint.cpu_milli && state.key.memory >= footprint.memory_bytes &&
         state.key.pods > 0 && sets_.has_room(state.key.set, footprint.need);
}

// REQUIRES: the state has room.
Fleet::Ranked Fleet::score(const Footprint& footprint, StateId id) {
  const State& state = states_[id];
  const int64_t cpu = state.key.cpu - footprint.cpu_milli;
  const uint32_t signature = types_[state.key.type].signature;
  const uint32_t rank = fragmentation_->rank(cpu);
  const std::span<const FreeSetId> options = sets_.options(state.key.set, footprint.need);
  Ranked best{INT64_MAX, id, 0};
  for (uint32_t i = 0; i < options.size(); ++i) {
    const int64_t lost = fragmentation_->expected(signature, rank, options[i]);
    if (lost < best.score) best = {lost, id, i};
  }
  const int64_t left = sets_.milli(options[best.option]);
  best.score = state.fragmentation - best.score - (cpu * cpu_unit_ >> kUnitBits) -
               (left * device_unit_ >> kUnitBits);
  return best;
}

// The option that score() chooses.
uint32_t Fleet::option_of(uint32_t footprint, StateId state) {
  const bool is_answered =
      answer_.epoch == epoch_ && answer_.footprint == footprint && answer_.state == state;
  return is_answered ? answer_.option : score(footprints_[footprint], state).option;
}

// What the footprint costs on every state of a type.
int64_t Fleet::price(const Footprint& footprint, uint32_t type) const {
  return types_[type].price * sets_.taken(types_[type].cut, footprint.need) +
         types_[type].cpu_price * footprint.cpu_milli;
}

bool Fleet::is_worse(const Ranked& a, const Ranked& b) const {
  return a.score != b.score ? a.score < b.score : is_worse_state(a.state, b.state);
}

// A total order over states; ids only tell equal ones apart, and there are none.
bool Fleet::is_worse_state(StateId a, StateId b) const {
  if (a == b) return false;
  const Key& x = states_[a].key;
  const Key& y = states_[b].key;
  const auto less = [&](const Key& k) {
    return std::tuple(sets_.milli(k.set), k.cpu, k.memory, k.pods);
  };
  if (less(x) != less(y)) return less(x) > less(y);
  return std::tie(types_[x.type].device_class, sets_.devices(x.set), types_[x.type].cut) >
         std::tie(types_[y.type].device_class, sets_.devices(y.set), types_[y.type].cut);
}

void Fleet::push(const Footprint& footprint, Ranking& ranking, StateId id) {
  ranking.heap.push_back(score(footprint, id));
  std::push_heap(ranking.heap.begin(), ranking.heap.end(),
                 [&](const Ranked& a, const Ranked& b) { return is_worse(a, b); });
}

// Ranks the states that were born since the footprint was last asked for and are alive, whichever
// way is shorter: through all born since, or through all alive.
void Fleet::sync(const Footprint& footprint, Ranking& ranking, uint32_t of) {
  const Type& type = types_[of];
  const bool is_bloated = ranking.heap.size() > 4 * type.alive.size() + 64;
  if (ranking.epoch != epoch_ || is_bloated) {
    ranking.heap.clear();
    ranking.seen = 0;
  }
  const std::span<const Birth> born = std::span(type.births).subspan(ranking.seen);
  const bool is_short = born.size() <= type.alive.size();
  const uint64_t need = FreeSets::bit_of(footprint.need);
  for (const Birth& birth : is_short ? born : std::span(type.alive)) {
    if ((birth.needs & need) == 0 || birth.cpu < footprint.cpu_milli) continue;
    if (birth.number < ranking.seen || birth.memory < footprint.memory_bytes) continue;
    if (members_[birth.state] > 0 && fits(footprint, states_[birth.state])) {
      push(footprint, ranking, birth.state);
    }
  }
  ranking.epoch = epoch_;
  ranking.seen = type.births.size();
}

// The best state of a type, or none.
const Fleet::Ranked* Fleet::top(Footprint& footprint, uint32_t type) {
  if (type >= footprint.rankings.size()) footprint.rankings.resize(types_.size());
  Ranking& ranking = footprint.rankings[type];
  if (ranking.seen != types_[type].births.size() || ranking.epoch != epoch_) {
    sync(footprint, ranking, type);
  }
  while (!ranking.heap.empty() && members_[ranking.heap.front().state] == 0) {
    std::pop_heap(ranking.heap.begin(), ranking.heap.end(),
                  [&](const Ranked& a, const Ranked& b) { return is_worse(a, b); });
    ranking.heap.pop_back();
  }
  return ranking.heap.empty() ? nullptr : &ranking.heap.front();
}

// The best state of a type after its best. REQUIRES: top() has just said that there is one.
std::optional<Fleet::Ranked> Fleet::below_top(Footprint& footprint, uint32_t type) {
  std::vector<Ranked>& heap = footprint.rankings[type].heap;
  const auto worse = [&](const Ranked& a, const Ranked& b) { return is_worse(a, b); };
  const Ranked first = heap.front();
  const auto pop = [&] {
    std::pop_heap(heap.begin(), heap.end(), worse);
    heap.pop_back();
  };
  pop();
  // What is dropped is of no use to anybody: without nodes, or the first state once more.
  while (!heap.empty() &&
         (members_[heap.front().state] == 0 || heap.front().state == first.state)) {
    pop();
  }
  std::optional<Ranked> found;
  if (!heap.empty()) found = heap.front();
  heap.push_back(first);
  std::push_heap(heap.begin(), heap.end(), worse);
  return found;
}

// `best` is the best of all, with its price. All types that the wish may run on have been asked for
// their top.
std::optional<Fleet::Second> Fleet::second_to(const Wish& wish, const Ranked& best) {
  if (members_[best.state] > 1) return Second{second_node(best.state), best.score, best.score};
  Footprint& footprint = footprints_[wish.footprint];
  std::optional<Ranked> next;
  for (uint32_t type = 0; type < types_.size(); ++type) {
    if (!wish.types[type]) continue;
    std::optional<Ranked> found;
    if (type == states_[best.state].key.type) {
      found = below_top(footprint, type);
    } else if (const Ranked* first = top(footprint, type)) {
      found = *first;
    }
    if (!found) continue;
    found->score -= price(footprint, type);
    if (!next || is_worse(*next, *found)) next = found;
  }
  if (!next) return std::nullopt;
  return Second{first_node(next->state), next->score, best.score};
}

std::optional<NodeIndex> Fleet::best(ShapeId shape, std::optional<Second>* second) {
  const Wish& wish = wishes_[shape];
  Footprint& footprint = footprints_[wish.footprint];
  std::optional<Ranked> best;
  for (uint32_t type = 0; type < types_.size(); ++type) {
    const Ranked* found = wish.types[type] ? top(footprint, type) : nullptr;
    if (found == nullptr) continue;
    const Ranked priced{found->score - price(footprint, type), found->state, found->option};
    if (!best || is_worse(*best, priced)) best = priced;
  }
  if (second != nullptr) *second = best ? second_to(wish, *best) : std::nullopt;
  if (!best) return std::nullopt;
  answer_ = {epoch_, wish.footprint, best->state, best->option};
  return first_node(best->state);
}

std::optional<NodeIndex> Fleet::best_among(ShapeId shape, std::span<const NodeIndex> nodes,
                                           std::optional<Second>* second) {
  const Wish& wish = wishes_[shape];
  const Footprint& footprint = footprints_[wish.footprint];
  looked_.resize(states_.size(), 0);
  if (++look_ == 0) std::fill(looked_.begin(), looked_.end(), 0);
  struct Place {
    Ranked ranked;
    NodeIndex first = 0;
  };
  std::optional<Place> best;
  std::optional<Place> next;
  const auto is_before = [&](NodeIndex a, NodeIndex b) {
    return nodes_[a].order < nodes_[b].order;
  };
  for (NodeIndex node : nodes) {
    const StateId id = nodes_[node].state;
    if (best && best->ranked.state == id) {
      if (is_before(node, best->first)) std::swap(node, best->first);
      // Its twin is as good, and comes before all others.
      if (second == nullptr) continue;
      if (!next || next->ranked.state != id || is_before(node, next->first)) {
        next = Place{best->ranked, node};
      }
      continue;
    }
    if (std::exchange(looked_[id], look_) == look_) {  // it was worse
      if (next && next->ranked.state == id && is_before(node, next->first)) next->first = node;
      continue;
    }
    const uint32_t type = states_[id].key.type;
    if (!wish.types[type] || !fits(footprint, states_[id])) continue;
    Ranked found = score(footprint, id);
    found.score -= price(footprint, type);
    if (best && !is_worse(best->ranked, found)) {
      if (second == nullptr) continue;
      if (!next || is_worse(next->ranked, found)) next = Place{found, node};
      continue;
    }
    next = std::exchange(best, Place{found, node});
  }
  if (second != nullptr) {
    second->reset();
    if (next) *second = Second{next->first, next->ranked.score, best->ranked.score};
  }
  if (!best) return std::nullopt;
  return best->first;
}

}  // namespace berth::sched
