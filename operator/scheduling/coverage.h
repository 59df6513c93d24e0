#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "sched/ids.h"

namespace berth::control {

// Which grants are charged in the stored status of which Quota. Grants are numbered in the order of
// their decisions, and one Quota write charges all up to a number.
class Coverage {
 public:
  void covered(const sched::QuotaId& quota, uint64_t number) {
    uint64_t& known = covered_[quota];
    known = std::max(known, number);
  }
  bool is_covered(const std::vector<sched::QuotaId>& path, uint64_t number) const {
    return std::all_of(path.begin(), path.end(), [&](const sched::QuotaId& quota) {
      const auto at = covered_.find(quota);
      return at != covered_.end() && at->second >= number;
    });
  }

 private:
  std::map<sched::QuotaId, uint64_t> covered_;
};

}  // namespace berth::control
