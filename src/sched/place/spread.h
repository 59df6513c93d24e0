#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sched/place/gang.h"

namespace berth::sched {

// Counts the workers of one gang in the domains of the levels that it is spread over.
class Spread {
 public:
  Spread(const Topology& topology, const std::vector<SpreadLimit>& limits)
      : topology_(topology), limits_(limits), counts_(limits.size()) {}

  bool is_none() const { return limits_.empty(); }
  bool is_open(NodeIndex node) const {
    for (size_t i = 0; i < limits_.size(); ++i) {
      const std::string& at = topology_.value(node, limits_[i].level);
      if (at.empty()) return false;
      const auto count = counts_[i].find(at);
      if (count != counts_[i].end() && count->second >= limits_[i].most) return false;
    }
    return true;
  }
  void took(NodeIndex node) { count(node, +1); }
  void gave(NodeIndex node) { count(node, -1); }
  void clear() { counts_.assign(limits_.size(), {}); }

 private:
  void count(NodeIndex node, int64_t sign) {
    for (size_t i = 0; i < limits_.size(); ++i) {
      counts_[i][topology_.value(node, limits_[i].level)] += sign;
    }
  }

  const Topology& topology_;
  const std::vector<SpreadLimit>& limits_;
  std::vector<std::map<std::string, int64_t>> counts_;
};

}  // namespace berth::sched
