#pragma once
#include "base/clock.h"
#include "sim/queue/job.h"

namespace berth::sim::queue {

// Guesses how long jobs run in all, from jobs that have ended.
class Estimator {
 public:
  virtual ~Estimator() = default;
  // Of a job that has run so long already: always more than that.
  virtual Millis estimate(const VisibleJob& job, Millis already_run) const = 0;
  // How much longer, with a chance of so many basis points of being done by then.
  virtual Millis left(const VisibleJob& job, Millis already_run, int64_t /*basis_points*/) const {
    return estimate(job, already_run) - already_run;
  }
  virtual void learn(const VisibleJob& job, Millis ran) = 0;
};

}  // namespace berth::sim::queue
