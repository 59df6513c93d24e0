#include "sched/place/gang.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "sched/place/spread.h"

namespace berth::sched {
namespace {

struct Candidate {
  const Domain* domain = nullptr;
  std::vector<NodeIndex> nodes;  // of the domain, where the gang may run
  int64_t fits = 0;              // workers of the largest shape
  int64_t free_milli = 0;
};

class Placing {
 public:
  Placing(Fleet& fleet, Topology& topology, const Gang& gang, Beside* beside)
      : fleet_(fleet),
        topology_(topology),
        gang_(gang),
        beside_(beside),
        order_(largest_first(fleet, gang.workers)),
        spots_(gang.workers.size()),
        spread_(topology, gang.spread) {}

  std::optional<std::vector<Spot>> run() {
    if (!gang_.near || gang_.near->levels.empty()) return finish(fill_anywhere());
    const std::vector<std::string>& levels = gang_.near->levels;
    for (const std::string& level : levels) {
      if (into_one(level)) return spots_;
      if (gang_.near->required) return std::nullopt;
    }
    return finish(into_few(levels.front()) || fill_anywhere());
  }

 private:
  std::optional<std::vector<Spot>> finish(bool done) {
    if (!done) return std::nullopt;
    return spots_;
  }

  bool fill_anywhere() {
    const size_t from = placed_;
    while (placed_ < order_.size()) {
      const ShapeId shape = gang_.workers[order_[placed_]];
      const auto node =
          gang_.allowed ? best_of(shape, *gang_.allowed) : fleet_.best(shape, second());
      if (!node) return take_back(from);
      take(*node);
    }
    return true;
  }

  // As many of the remaining workers as those nodes have room for.
  void fill(const std::vector<NodeIndex>& nodes) {
    while (placed_ < order_.size()) {
      const auto node = best_of(gang_.workers[order_[placed_]], nodes);
      if (!node) return;
      take(*node);
    }
  }

  // Of the best rank among those nodes that has room.
  std::optional<NodeIndex> best_of(ShapeId shape, std::span<const NodeIndex> nodes) {
    if (gang_.ranks.empty()) return best_open(shape, nodes);
    if (ranked_.empty()) rank_nodes();
    for (size_t rank = 1; rank <= gang_.ranks.size(); ++rank) {
      of_rank_.clear();
      for (const NodeIndex node : nodes) {
        if (ranked_[node] == rank) of_rank_.push_back(node);
      }
      if (const auto node = best_open(shape, of_rank_)) return node;
    }
    return std::nullopt;
  }

  std::optional<NodeIndex> best_open(ShapeId shape, std::span<const NodeIndex> nodes) {
    if (spread_.is_none()) return fleet_.best_among(shape, nodes, second());
    open_.clear();
    for (const NodeIndex node : nodes) {
      if (spread_.is_open(node)) open_.push_back(node);
    }
    return fleet_.best_among(shape, open_, second());
  }

  std::optional<Fleet::Second>* second() {
    return beside_ != nullptr && placed_ == 0 ? &beside_->node : nullptr;
  }

  void rank_nodes() {
    ranked_.assign(fleet_.nodes(), 0);
    uint8_t rank = 0;
    for (const std::vector<NodeIndex>& members : gang_.ranks) {
      ++rank;
      for (const NodeIndex node : members) ranked_[node] = rank;
    }
  }

  void take(NodeIndex node) {
    spots_[order_[placed_]] = fleet_.take(gang_.workers[order_[placed_]], node);
    spread_.took(node);
    ++placed_;
  }

  bool take_back(size_t to) {
    while (placed_ > to) {
      const Spot& spot = spots_[order_[--placed_]];
      fleet_.give(spot);
      spread_.gave(spot.node);
    }
    return false;
  }

  std::vector<Candidate> candidates(const std::string& level) {
    std::vector<Candidate> found;
    const ShapeId largest = gang_.workers[order_[placed_]];
    for (const Domain& domain : topology_.domains(level)) {
      Candidate candidate{.domain = &domain};
      for (const NodeIndex node : domain.nodes) {
        if (!is_allowed(node) || !spread_.is_open(node)) continue;
        const int64_t fits = fleet_.workers_that_fit(largest, node);
        candidate.free_milli += fleet_.free_milli(node);
        candidate.fits += fits;
        candidate.nodes.push_back(node);
      }
      if (candidate.fits > 0) found.push_back(std::move(candidate));
    }
    return found;
  }

  bool is_allowed(NodeIndex node) {
    if (!gang_.allowed) return true;
    if (allowed_.empty()) {
      allowed_.assign(fleet_.nodes(), 0);
      for (const NodeIndex at : *gang_.allowed) allowed_[at] = 1;
    }
    return allowed_[node] != 0;
  }

  bool into_one(const std::string& level) {
    std::vector<Candidate> found = candidates(level);
    // With workers of several sizes, room for as many of the largest is enough but not needed.
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(a.free_milli, a.domain->value) < std::tie(b.free_milli, b.domain->value);
    });
    const auto is_too_small = [&](const Candidate& one) {
      return is_uniform() && one.fits < left();
    };
    for (auto at = found.begin(); at != found.end(); ++at) {
      if (is_too_small(*at)) continue;
      fill(at->nodes);
      if (placed_ == order_.size()) {
        const auto next = std::find_if(at + 1, found.end(), [&](const Candidate& one) {
          return one.fits >= static_cast<int64_t>(order_.size());
        });
        if (next != found.end() && is_uniform()) note_domain(level, *next, *at);
        return true;
      }
      take_back(0);
    }
    return false;
  }

  void note_domain(const std::string& level, const Candidate& next, const Candidate& taken) {
    if (beside_ == nullptr) return;
    beside_->domain = {level, next.domain->value, next.free_milli, taken.free_milli};
  }

  // The domain with most room takes what it can, then the next, and the tightest that fits the
  // rest.
  bool into_few(const std::string& level) {
    while (placed_ < order_.size()) {
      std::vector<Candidate> found = candidates(level);
      if (found.empty()) return take_back(0);
      const auto best = std::min_element(
          found.begin(), found.end(),
          [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
      const size_t before = placed_;
      fill(best->nodes);
      if (placed_ == before) return take_back(0);
    }
    return true;
  }

  std::tuple<bool, int64_t, std::string> rank(const Candidate& candidate) const {
    const bool is_enough = candidate.fits >= left();
    return {!is_enough, is_enough ? candidate.free_milli : -candidate.fits,
            candidate.domain->value};
  }

  int64_t left() const { return static_cast<int64_t>(order_.size() - placed_); }
  bool is_uniform() const { return gang_.workers[order_.front()] == gang_.workers[order_.back()]; }

  Fleet& fleet_;
  Topology& topology_;
  const Gang& gang_;
  Beside* beside_;  // nothing: nobody wants to know
  std::vector<size_t> order_;
  std::vector<Spot> spots_;      // by worker
  size_t placed_ = 0;            // of order_
  std::vector<char> allowed_;    // by node
  std::vector<uint8_t> ranked_;  // by node, its rank from 1 on; 0: none
  std::vector<NodeIndex> of_rank_;
  std::vector<NodeIndex> open_;
  Spread spread_;
};

// The gang on some of the nodes only.
class OnNodes {
 public:
  OnNodes(const Gang& gang, std::vector<NodeIndex> nodes) : nodes_(std::move(nodes)), gang_(gang) {
    gang_.allowed = nodes_;
  }
  OnNodes(const OnNodes&) = delete;
  OnNodes& operator=(const OnNodes&) = delete;
  Gang& gang() { return gang_; }

 private:
  std::vector<NodeIndex> nodes_;
  Gang gang_;
};

// Into each domain of the level that it has to be within, the one with least room first.
std::optional<std::vector<Spot>> place_within(Fleet& fleet, Topology& topology, const Gang& gang,
                                              Beside* beside) {
  if (gang.within.empty()) return Placing(fleet, topology, gang, beside).run();
  std::vector<std::tuple<int64_t, std::string, std::vector<NodeIndex>>> parts;
  for (auto& [value, nodes] : domains_among(topology, gang.within.front(), *gang.allowed)) {
    int64_t free = 0;
    for (const NodeIndex node : nodes) free += fleet.free_milli(node);
    parts.emplace_back(free, value, std::move(nodes));
  }
  std::sort(parts.begin(), parts.end());
  for (auto& [free, value, nodes] : parts) {
    OnNodes part(gang, std::move(nodes));
    part.gang().within.erase(part.gang().within.begin());
    if (auto spots = place_within(fleet, topology, part.gang(), beside)) return spots;
  }
  return std::nullopt;
}

std::optional<std::vector<Spot>> place_ranked(Fleet& fleet, Topology& topology, const Gang& gang,
                                              Beside* beside) {
  const bool is_near = gang.near || !gang.within.empty();
  if (!is_near) return place_within(fleet, topology, gang, beside);
  std::vector<char> in(fleet.nodes(), 0);
  for (size_t ranks = 1; ranks < gang.ranks.size(); ++ranks) {
    for (const NodeIndex node : gang.ranks[ranks - 1]) in[node] = 1;
    std::vector<NodeIndex> nodes;
    for (const NodeIndex node : *gang.allowed) {
      if (in[node] != 0) nodes.push_back(node);
    }
    OnNodes part(gang, std::move(nodes));
    if (auto spots = place_within(fleet, topology, part.gang(), beside)) return spots;
  }
  return place_within(fleet, topology, gang, beside);
}

}  // namespace

std::vector<size_t> largest_first(const Fleet& fleet, const std::vector<ShapeId>& workers) {
  std::vector<size_t> order(workers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (workers[a] == workers[b]) return false;
    const Shape& x = fleet.shape_of(workers[a]);
    const Shape& y = fleet.shape_of(workers[b]);
    return std::tuple(x.need.total_milli(), x.cpu_milli, x.memory_bytes) >
           std::tuple(y.need.total_milli(), y.cpu_milli, y.memory_bytes);
  });
  return order;
}

std::optional<std::vector<Spot>> place(Fleet& fleet, Topology& topology, const Gang& gang,
                                       Beside* beside) {
  if (gang.workers.empty()) return std::vector<Spot>{};
  if (!gang.prefer_spread.empty()) {
    Gang even = gang;
    even.spread.insert(even.spread.end(), gang.prefer_spread.begin(), gang.prefer_spread.end());
    even.prefer_spread.clear();
    if (auto spots = place_ranked(fleet, topology, even, beside)) return spots;
  }
  return place_ranked(fleet, topology, gang, beside);
}

void give_back(Fleet& fleet, const std::vector<Spot>& spots) {
  for (const Spot& spot : spots) fleet.give(spot);
}

}  // namespace berth::sched
