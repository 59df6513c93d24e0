#pragma once
#include <cstdint>
#include <map>

#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/world/settings.h"
#include "sched/quota/fair_share.h"
#include "sched/quota/usage_history.h"

namespace berth::control {

// What each leaf held lately, for fairness: who held much has its turn after who held little.
//
// It is in memory only. A new leader takes it that what is charged now has always been: the order
// of those who hold much and little is then right at once, and the rest is forgotten as it would
// have been within a few half-lives.
class RecentUse {
 public:
  static constexpr Millis kInterval{10'000};  // between two looks while nothing changes

  RecentUse(const Books& books, const Settings& settings, const Clock& clock)
      : books_(books), settings_(settings), clock_(clock) {}

  // Counts up to now; whether inputs() are new. Cost: O(leaves x classes) per change or interval.
  bool tick();
  // Without capacity, which the world knows.
  const sched::FairShareInputs& inputs() const { return inputs_; }

 private:
  using ByClass = std::map<sched::DeviceClass, int64_t>;

  const Books& books_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<sched::QuotaId, std::map<sched::DeviceClass, sched::UsageHistory>> histories_;
  std::map<sched::QuotaId, ByClass> held_;  // since the last look
  bool has_begun_ = false;
  uint64_t seen_version_ = 0;
  Monotonic next_ = Monotonic::min();
  sched::FairShareInputs inputs_;
};

}  // namespace berth::control
