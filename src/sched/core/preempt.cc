#include "sched/core/preempt.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "sched/core/preempt_offers.h"
#include "sched/place/spread.h"

namespace berth::sched {
namespace {

// What one candidate would free on one node.
struct Piece {
  size_t candidate = 0;
  Amount frees;
  int64_t workers = 0;

  // Of an elastic gang, whose workers are alike.
  Amount each() const {
    return {frees.milli / workers, frees.cpu / workers, frees.memory / workers, 1};
  }
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
      ++pieces.back().workers;
    }
  }

  // Places the whole gang, on that ground if there is one; changes nothing where it cannot.
  std::optional<Eviction> solve(const Nodes* ground) {
    const Trial::Mark mark = trial_.mark();
    chosen_.clear();
    parts_.clear();
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
    for (const size_t index : victims()) {
      eviction.victims.push_back(&candidates_[index]);
      const Part* part = part_of(index);
      if (part != nullptr) eviction.kept.emplace(candidates_[index].held, part->kept());
      eviction.cost = add_saturating(eviction.cost, cost_of(index));
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
    Chosen least;
    std::optional<NodeIndex> other;
    Chosen next;  // the cheapest of those that are not taken
    for (const NodeIndex node : nodes_) {
      if (!pieces_.contains(node)) continue;
      Chosen choice = cheapest_on(node, shape, least.cost);
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
    if (other && chosen_.empty() && parts_.empty()) note_next(*other, next, least.cost);
    for (const Offer& offer : least.offers) take(offer, *best);
    return world_.fleet().can_take(shape, *best) ? best : std::nullopt;
  }

  void note_next(NodeIndex node, const Chosen& choice, int64_t least) {
    next_ = {node, {}, choice.cost, least};
    for (const Offer& offer : choice.offers) {
      next_->victims.push_back(&candidates_[offer.candidate]);
    }
  }

  // The cheapest victims on one node for one worker; nothing at `bound` or above.
  Chosen cheapest_on(NodeIndex node, ShapeId shape, int64_t bound) {
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
    offers_.clear();
    bool is_any_part = false;
    for (const Piece& piece : pieces_.at(node)) {
      if (chosen_.contains(piece.candidate)) continue;
      const auto part = part_offer(piece, node, lacks);
      is_any_part = is_any_part || part;
      offers_.push_back(part ? *part : whole_offer(piece, node));
    }
    Chosen some = cheapest_of(offers_, lacks, bound);
    if (!is_any_part) return some;
    for (Offer& offer : offers_) {
      if (offer.leaving > 0) offer = whole_offer(piece_of(node, offer.candidate), node);
    }
    Chosen all = cheapest_of(offers_, lacks, std::min(bound, some.cost));
    return all.cost < some.cost ? all : some;
  }

  const Piece& piece_of(NodeIndex node, size_t candidate) const {
    const std::vector<Piece>& pieces = pieces_.at(node);
    return *std::find_if(pieces.begin(), pieces.end(),
                         [&](const Piece& piece) { return piece.candidate == candidate; });
  }

  // None: it is as it was.
  const Part* part_of(size_t candidate) const {
    const auto part = parts_.find(candidate);
    return part == parts_.end() ? nullptr : &part->second;
  }

  Offer whole_offer(const Piece& piece, NodeIndex node) const {
    const Candidate& who = candidates_[piece.candidate];
    const Part* part = part_of(piece.candidate);
    if (part == nullptr) return {piece.candidate, piece.frees, who.cost};
    return {piece.candidate, piece.each().times(part->on(node)),
            std::max<int64_t>(0, who.cost - who.shrink.cost(part->left()))};
  }

  // As many workers of an elastic gang as are enough, of those that it can do without.
  std::optional<Offer> part_offer(const Piece& piece, NodeIndex node, const Amount& lacks) const {
    const Candidate& who = candidates_[piece.candidate];
    if (who.shrink.least == 0) return std::nullopt;
    const Part* part = part_of(piece.candidate);
    const size_t left = part != nullptr ? part->left() : who.held->spots.size();
    const int64_t here = part != nullptr ? part->on(node) : piece.workers;
    const int64_t spare = static_cast<int64_t>(left) - static_cast<int64_t>(who.shrink.least);
    const int64_t leaving = std::min({piece.each().times_to_cover(lacks), here, spare});
    if (leaving <= 0) return std::nullopt;
    const int64_t before = part != nullptr ? who.shrink.cost(left) : 0;
    const int64_t after = who.shrink.cost(left - static_cast<size_t>(leaving));
    return Offer{piece.candidate, piece.each().times(leaving), std::max<int64_t>(0, after - before),
                 static_cast<size_t>(leaving)};
  }

  void take(const Offer& offer, NodeIndex node) {
    const World::Held& held = *candidates_[offer.candidate].held;
    const auto part = parts_.find(offer.candidate);
    if (offer.leaving > 0) {
      return parts_.try_emplace(offer.candidate, held, true)
          .first->second.leave(trial_, node, offer.leaving);
    }
    chosen_.insert(offer.candidate);
    if (part == parts_.end()) return trial_.lift(held);
    part->second.leave_all(trial_);
    parts_.erase(part);
  }

  std::vector<size_t> victims() const {
    std::vector<size_t> all(chosen_.begin(), chosen_.end());
    for (const auto& [index, part] : parts_) all.push_back(index);
    std::sort(all.begin(), all.end());
    return all;
  }

  int64_t cost_of(size_t index) const {
    const Part* part = part_of(index);
    const Candidate& who = candidates_[index];
    return part == nullptr ? who.cost : who.shrink.cost(part->left());
  }

  // With the gang in its place, some victims may have room beside it after all.
  void spare_unneeded() {
    std::vector<size_t> dearest = victims();
    std::sort(dearest.begin(), dearest.end(), [&](size_t a, size_t b) {
      return cost_of(a) != cost_of(b) ? cost_of(a) > cost_of(b) : a < b;
    });
    for (const size_t index : dearest) {
      if (candidates_[index].shrink.least > 0) {
        put_back_workers(index);
      } else if (put_back(*candidates_[index].held)) {
        chosen_.erase(index);
      }
    }
  }

  // As many as have room, or none where they are too few to go on.
  void put_back_workers(size_t index) {
    const World::Held& held = *candidates_[index].held;
    const Trial::Mark mark = trial_.mark();
    const Part* known = part_of(index);
    Part part = known != nullptr ? *known : Part(held, false);
    part.come_back(world_, trial_);
    if (part.left() < candidates_[index].shrink.least) return trial_.back_to(mark);
    chosen_.erase(index);
    const bool is_whole = part.left() == held.spots.size();
    parts_.insert_or_assign(index, std::move(part));
    if (is_whole) parts_.erase(index);
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
  std::set<size_t> chosen_;       // who go whole
  std::map<size_t, Part> parts_;  // and who in part
  std::vector<Offer> offers_;     // of the node that is looked at
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
