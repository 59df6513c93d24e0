#pragma once
#include <vector>

#include "sched/core/world.h"
#include "sched/decision.h"

namespace berth::sched {

// Which level of service a workload has reached: how many of the settings' thresholds lie at or
// below the device time that it has had. Work of a low level goes before work of a higher one and
// may make it give way: nobody knows how long work will run, but what has run long will mostly run
// on for long, so that short work waits little without anybody having to say that it is short
// (least attained service in two dimensions, Tiresias, NSDI'19).
int service_level(const CoreSettings& settings, int64_t devices, Millis ran);
int service_level(const CoreSettings& settings, const Ask& ask);
int service_level(const CoreSettings& settings, const Run& run, Instant now);

// The asks of one tier and tenant in the order in which they are decided: by priority; there those
// whose promise is about to be broken, the least slack first; then the one that was created first,
// so that it gets a planned start and waits for no stream of newer work; then by level of service,
// where work that has waited `waits_per_run` times what it needs in all counts as of the lowest;
// then by age. Slack moves nobody past a higher priority, tier or tenant, and lets nobody preempt:
// who may make whom give way does not depend on it, so that it cannot go round in circles.
// A tenant whose ordering is Fifo has them by priority and age alone.
void sort_asks(const CoreSettings& settings, Ordering ordering, Instant now,
               std::vector<const Ask*>& asks);

// The work of one tenant in one tier, on its turn.
struct Line {
  std::vector<const Ask*> asks;
  size_t next = 0;
  Ordering ordering = Ordering::Fair;
  const Ask* first_held = nullptr;  // of a Fifo tenant: those after it stay behind it

  void sort(const CoreSettings& settings, Ordering by, Instant now) {
    ordering = by;
    sort_asks(settings, by, now, asks);
  }
  bool is_over() const { return next == asks.size(); }
  // What was decided about the last one.
  void decided(const Decision& decision);
};

}  // namespace berth::sched
