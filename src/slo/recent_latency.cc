#include "slo/recent_latency.h"

#include "base/saturating.h"

namespace berth::slo {
namespace {

int64_t slot_of(Instant at) { return at.time_since_epoch() / RecentLatency::kSlot; }

bool fits(const LatencyHistogram& a, const LatencyHistogram& b) {
  return a.upper_ms == b.upper_ms && a.counts.size() == b.counts.size();
}

void add_to(LatencyHistogram& sum, const LatencyHistogram& more) {
  for (size_t at = 0; at < sum.counts.size(); ++at) {
    sum.counts[at] = add_saturating(sum.counts[at], more.counts[at]);
  }
}

}  // namespace

void RecentLatency::add(const LatencyHistogram& more, Instant at) {
  if (more.counts.empty()) return;
  if (!slots_.empty() && !fits(slots_.back().counted, more)) slots_.clear();
  const int64_t number = slot_of(at);
  // A clock that was set back counts into the slot that goes on.
  if (!slots_.empty() && slots_.back().number >= number) {
    return add_to(slots_.back().counted, more);
  }
  slots_.push_back({number, more});
  while (slots_.front().number < number - kSlots) slots_.pop_front();
}

LatencyHistogram RecentLatency::over(Instant now) const {
  LatencyHistogram sum;
  const int64_t oldest = slot_of(now) - kSlots;
  for (const Slot& slot : slots_) {
    if (slot.number < oldest) continue;
    if (sum.counts.empty()) {
      sum = slot.counted;
    } else {
      add_to(sum, slot.counted);
    }
  }
  return sum;
}

}  // namespace berth::slo
