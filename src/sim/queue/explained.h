#pragma once
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "sim/queue/replay.h"

namespace berth::sim::queue {

// How well the core explains why work waits (sched/explain), tried on a random sample of work that
// a replay under berth has held, each at a random one of the passes that held it.
struct ExplainReport {
  int64_t sampled = 0;
  // A change was suggested; and with the cheapest one made, the next pass started it. The rest
  // could not be started by any one change that is known of.
  int64_t with_change = 0;
  int64_t started = 0;
  // A start was estimated. The error is |estimate - start| over the wait, from when it began to
  // wait until it started: the median.
  int64_t estimated = 0;
  std::optional<double> start_error_percent;
  std::optional<double> early_percent;  // of the estimates, those before the start
};

// Replays twice, once to know who is held how often and once to look at the sample.
//   count  most workloads to look at, at least 1
// Errors: those of replay(). Cost: a tenth of a second or so for each, more where thousands wait.
Result<ExplainReport> explain_sample(const QueueSetup& setup, int64_t count, uint64_t seed,
                                     const OnProgress& on_progress = {});

}  // namespace berth::sim::queue
