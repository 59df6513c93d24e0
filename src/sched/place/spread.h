#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "sched/place/gang.h"

namespace berth::sched {

// Counts the workers of one gang in the domains of the levels that it is spread over.
class Spread {
 public:
  Spread(Topology& topology, const std::vector<SpreadLimit>& limits) {
    for (const SpreadLimit& limit : limits) {
      const DomainNumbers& numbers = topology.numbers(limit.level);
      levels_.push_back({&numbers, limit.most, std::vector<int64_t>(numbers.count + size_t{1})});
    }
  }

  bool is_none() const { return levels_.empty(); }
  bool is_open(NodeIndex node) const {
    return std::all_of(levels_.begin(), levels_.end(), [&](const Level& level) {
      const uint32_t domain = level.numbers->at(node);
      return domain != 0 && level.workers[domain] < level.most;
    });
  }
  void took(NodeIndex node) { count(node, +1); }
  void gave(NodeIndex node) { count(node, -1); }
  void clear() {
    for (Level& level : levels_) level.workers.assign(level.workers.size(), 0);
  }

 private:
  struct Level {
    const DomainNumbers* numbers = nullptr;
    int64_t most = 1;
    std::vector<int64_t> workers;  // by domain
  };
  void count(NodeIndex node, int64_t sign) {
    for (Level& level : levels_) level.workers[level.numbers->at(node)] += sign;
  }

  std::vector<Level> levels_;
};

}  // namespace berth::sched
