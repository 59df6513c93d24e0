#pragma once
#include <cstdint>
#include <deque>

#include "base/clock.h"
#include "slo/percentile.h"

namespace berth::slo {

// The latency of the requests of the last minutes: what is slow now is not hidden by a quiet week.
class RecentLatency {
 public:
  static constexpr Millis kSlot{60'000};
  static constexpr int64_t kSlots = 5;  // and the one that goes on

  // Counted at `at`. Bounds other than before start anew: the two cannot be added.
  void add(const LatencyHistogram& more, Instant at);
  // Of the slots that begin after now - kSlots x kSlot.
  LatencyHistogram over(Instant now) const;

 private:
  struct Slot {
    int64_t number = 0;  // since 1970
    LatencyHistogram counted;
  };
  std::deque<Slot> slots_;  // oldest first
};

}  // namespace berth::slo
