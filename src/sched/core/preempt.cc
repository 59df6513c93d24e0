#include "sched/core/preempt.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "sched/place/spread.h"

namespace berth::sched {
namespace {

// Room that is free on a node or comes free, as far as a worker needs it.
struct Amount {
  int64_t milli = 0;
  int64_t cpu = 0;
  int64_t memory = 0;
  int64_t pods = 0;

  bool covers(const Amount& other) const {
    return milli >= other.milli && cpu >= other.cpu && memory >= other.memory && pods >= other.pods;
  }
  Amount& operator+=(const Amount& more) {
    milli += more.milli;
    cpu += more.cpu;
    memory += more.memory;
    pods += more.pods;
    return *this;
  }
  Amount& operator-=(const Amount& less) {
    milli -= less.milli;
    cpu -= less.cpu;
    memory -= less.memory;
    pods -= less.pods;
    return *this;
  }
};

// What one candidate would free on one node.
struct Piece {
  size_t candidate = 0;
  Amount frees;
};

struct Choice {
  std::vector<size_t> victims;
  int64_t cost = std::numeric_limits<int64_t>::max();
};

class Search {
 public:
  Search(World& world, Trial& trial, const Gang& gang, const std::vector<Candidate>& candidates)
      : world_(world),
        trial_(trial),
        gang_(gang),
        candidates_(candidates),
        spread_(world.topology(), gang.spread) {
    for (size_t i = 0; i < candidates.size(); ++i) add_pieces(i);
    order_ = largest_first(world.fleet(), gang.workers);
  }

  std::optional<Eviction> run() {
    if (!gang_.near || !gang_.near->required) {
      if (gang_.within.empty()) return solve(nullptr);
    }
    const std::vector<Nodes> grounds = grounds_of();
    const Nodes* best = nullptr;
    int64_t least = std::numeric_limits<int64_t>::max();
    std::optional<Eviction> taken;
    std::optional<Eviction> next;
    for (const Nodes& ground : grounds) {
      const Trial::Mark mark = trial_.mark();
      auto found = solve(&ground);
      if (found && found->cost < least) {
        best = &ground;
        least = found->cost;
        std::swap(taken, found);
      }
      if (found && (!next || found->cost < next->cost)) next = std::move(found);
      trial_.back_to(mark);
    }
    if (best == nullptr) return std::nullopt;
    auto solved = solve(best);
    if (solved && next) {
      solved->next = {next->spots.front().node, std::move(next->victims), next->cost, least};
    }
    return solved;
  }

 private:
  using Nodes = std::vector<NodeIndex>;

  // What is in one domain of every level that the gang has to be in one domain of.
  std::vector<Nodes> grounds_of() {
    std::vector<Nodes> grounds;
    if (gang_.near && gang_.near->required) {
      for (const Domain& domain : world_.topology().domains(gang_.near->levels.front())) {
        grounds.push_back(domain.nodes);
      }
    } else {
      grounds.emplace_back(gang_.allowed->begin(), gang_.allowed->end());
    }
    for (const std::string& level : gang_.within) {
      std::vector<Nodes> parts;
      for (const Nodes& ground : grounds) {
        for (auto& [value, nodes] : domains_among(world_.topology(), level, ground)) {
          parts.push_back(std::move(nodes));
        }
      }
      grounds = std::move(parts);
    }
    return grounds;
  }

  void add_pieces(size_t index) {
    const World::Held& held = *candidates_[index].held;
    for (size_t i = 0; i < held.spots.size(); ++i) {
      if (!held.is_placed[i] || trial_.is_promised(held, held.spots[i].node)) continue;
      const Shape& shape = world_.fleet().shape_of(held.spots[i].shape);
      std::vector<Piece>& pieces = pieces_[held.spots[i].node];
      if (pieces.empty() || pieces.back().candidate != index) pieces.push_back({index, {}});
      pieces.back().frees += {shape.need.total_milli(), shape.cpu_milli, shape.memory_bytes, 1};
    }
  }

  // Places the whole gang, on that ground if there is one; changes nothing where it cannot.
  std::optional<Eviction> solve(const Nodes* ground) {
    const Trial::Mark mark = trial_.mark();
    chosen_.clear();
    next_.reset();
    spread_.clear();
    nodes_of(ground);
    Eviction eviction;
    eviction.spots.resize(order_.size());
    for (const size_t worker : order_) {
      const auto node = room_for(gang_.workers[worker]);
      if (!node) {
        trial_.back_to(mark);
        return std::nullopt;
      }
      eviction.spots[worker] = trial_.take(gang_.workers[worker], *node);
      close_full(*node);
    }
    spare_unneeded();
    for (const size_t index : chosen_) {
      eviction.victims.push_back(&candidates_[index]);
      eviction.cost = add_saturating(eviction.cost, candidates_[index].cost);
    }
    eviction.next = std::move(next_);
    return eviction;
  }

  // Nodes to look at: those of the ground where the gang may run; all those when there is none.
  void nodes_of(const Nodes* ground) {
    nodes_.clear();
    is_everywhere_ = ground == nullptr && !gang_.allowed;
    if (is_everywhere_) {
      for (const auto& [node, pieces] : pieces_) nodes_.push_back(node);
      // By id: numbers tell in which order nodes came.
      std::sort(nodes_.begin(), nodes_.end(), [&](NodeIndex a, NodeIndex b) {
        return world_.fleet().facts(a).id < world_.fleet().facts(b).id;
      });
      return;
    }
    if (ground == nullptr) {
      nodes_.assign(gang_.allowed->begin(), gang_.allowed->end());
    } else {
      const std::set<NodeIndex> allowed =
          gang_.allowed ? std::set<NodeIndex>(gang_.allowed->begin(), gang_.allowed->end())
                        : std::set<NodeIndex>{};
      for (const NodeIndex node : *ground) {
        if (!gang_.allowed || allowed.contains(node)) nodes_.push_back(node);
      }
    }
    if (spread_.is_none()) return;
    std::erase_if(nodes_, [&](NodeIndex node) { return !spread_.is_open(node); });
  }

  // Domains that have all the workers that they may have are not looked at any more.
  void close_full(NodeIndex took) {
    if (spread_.is_none()) return;
    spread_.took(took);
    std::erase_if(nodes_, [&](NodeIndex node) { return !spread_.is_open(node); });
  }

  std::optional<NodeIndex> room_for(ShapeId shape) {
    const auto free =
        is_everywhere_ ? world_.fleet().best(shape) : world_.fleet().best_among(shape, nodes_);
    if (free) return free;
    std::optional<NodeIndex> best;
    Choice least;
    std::optional<NodeIndex> other;
    Choice next;  // the cheapest of those that are not taken
    for (const NodeIndex node : nodes_) {
      if (!pieces_.contains(node)) continue;
      Choice choice = cheapest_on(node, shape, least.cost);
      NodeIndex at = node;
      if (choice.cost < least.cost) {
        std::swap(choice, least);
        at = std::exchange(best, node).value_or(node);
      }
      if (choice.cost >= next.cost) continue;
      next = std::move(choice);
      other = at;
    }
    if (!best) return std::nullopt;
    if (other && chosen_.empty()) note_next(*other, next, least.cost);
    for (const size_t victim : least.victims) {
      chosen_.insert(victim);
      trial_.lift(*candidates_[victim].held);
    }
    return world_.fleet().can_take(shape, *best) ? best : std::nullopt;
  }

  void note_next(NodeIndex node, const Choice& choice, int64_t least) {
    next_ = {node, {}, choice.cost, least};
    for (const size_t victim : choice.victims) next_->victims.push_back(&candidates_[victim]);
  }

  // The cheapest victims on one node for one worker; nothing at `bound` or above.
  Choice cheapest_on(NodeIndex node, ShapeId shape, int64_t bound) {
    const Shape& wants = world_.fleet().shape_of(shape);
    if (!wants.classes.empty() && !std::binary_search(wants.classes.begin(), wants.classes.end(),
                                                      world_.fleet().facts(node).device_class)) {
      return {};
    }
    const Fleet& fleet = world_.fleet();
    const int64_t free =
        wants.need.is_whole() ? kWholeDevice * fleet.whole_free(node) : fleet.free_milli(node);
    Amount lacks{wants.need.total_milli(), wants.cpu_milli, wants.memory_bytes, 1};
    lacks -= {free, fleet.free_cpu(node), fleet.free_memory(node), fleet.free_pods(node)};
    const std::vector<Piece>& pieces = pieces_.at(node);
    Choice single;
    for (const Piece& piece : pieces) {
      if (chosen_.contains(piece.candidate) || !piece.frees.covers(lacks)) continue;
      if (candidates_[piece.candidate].cost < single.cost) {
        single = {{piece.candidate}, candidates_[piece.candidate].cost};
      }
    }
    Choice several = greedy(pieces, lacks, std::min(bound, single.cost));
    return several.cost < single.cost ? several : single;
  }

  // Cheapest per freed device first until it is enough, then without those that were not needed.
  Choice greedy(const std::vector<Piece>& pieces, const Amount& lacks, int64_t bound) {
    std::vector<const Piece*> order;
    for (const Piece& piece : pieces) {
      if (!chosen_.contains(piece.candidate) && candidates_[piece.candidate].cost < bound) {
        order.push_back(&piece);
      }
    }
    const auto cost = [&](const Piece* p) { return candidates_[p->candidate].cost; };
    std::sort(order.begin(), order.end(), [&](const Piece* a, const Piece* b) {
      const auto x = static_cast<__int128>(cost(a)) * std::max<int64_t>(1, b->frees.milli);
      const auto y = static_cast<__int128>(cost(b)) * std::max<int64_t>(1, a->frees.milli);
      return x != y ? x < y : a->candidate < b->candidate;
    });
    Amount freed;
    std::vector<const Piece*> taken;
    for (const Piece* piece : order) {
      if (freed.covers(lacks)) break;
      freed += piece->frees;
      taken.push_back(piece);
    }
    if (!freed.covers(lacks)) return {};
    std::sort(taken.begin(), taken.end(), [&](const Piece* a, const Piece* b) {
      return cost(a) != cost(b) ? cost(a) > cost(b) : a->candidate > b->candidate;
    });
    Choice choice{{}, 0};
    for (const Piece* piece : taken) {
      Amount without = freed;
      without -= piece->frees;
      if (without.covers(lacks)) {
        freed = without;
        continue;
      }
      choice.victims.push_back(piece->candidate);
      choice.cost = add_saturating(choice.cost, cost(piece));
    }
    return choice;
  }

  // With the gang in its place, some victims may have room beside it after all.
  void spare_unneeded() {
    std::vector<size_t> dearest(chosen_.begin(), chosen_.end());
    std::sort(dearest.begin(), dearest.end(), [&](size_t a, size_t b) {
      return candidates_[a].cost != candidates_[b].cost ? candidates_[a].cost > candidates_[b].cost
                                                        : a < b;
    });
    for (const size_t index : dearest) {
      if (put_back(*candidates_[index].held)) chosen_.erase(index);
    }
  }

  bool put_back(const World::Held& held) {
    const Trial::Mark mark = trial_.mark();
    for (size_t i = 0; i < held.spots.size(); ++i) {
      if (!held.is_placed[i] || trial_.is_promised(held, held.spots[i].node)) continue;
      if (!world_.fleet().can_take(held.spots[i].shape, held.spots[i].node)) {
        trial_.back_to(mark);
        return false;
      }
      trial_.take(held.spots[i].shape, held.spots[i].node);
    }
    return true;
  }

  World& world_;
  Trial& trial_;
  const Gang& gang_;
  const std::vector<Candidate>& candidates_;
  std::map<NodeIndex, std::vector<Piece>> pieces_;
  std::vector<size_t> order_;
  std::vector<NodeIndex> nodes_;
  bool is_everywhere_ = false;
  std::set<size_t> chosen_;
  std::optional<Eviction::Next> next_;
  Spread spread_;
};

}  // namespace

std::optional<Eviction> evict_for(World& world, Trial& trial, const Gang& gang,
                                  const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return std::nullopt;
  return Search(world, trial, gang, candidates).run();
}

}  // namespace berth::sched
