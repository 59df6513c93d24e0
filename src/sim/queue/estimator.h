#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "sim/queue/job.h"

namespace berth::sim::queue {

// Guesses how long jobs run in all, from jobs that have ended.
class Estimator {
 public:
  virtual ~Estimator() = default;
  // Of a job that has run so long already: always more than that.
  virtual Millis estimate(const VisibleJob& job, Millis already_run) const = 0;
  virtual void learn(const VisibleJob& job, Millis ran) = 0;
};

// The 80th percentile of the jobs of the same tenant and width that ran longer than this one has;
// of all jobs of the tenant, then of everybody, while there are fewer than five of those; twice
// what it has run, one hour at first, where nobody ran longer. Percentiles are read from a
// histogram with four cells to the octave, so they are up to a fifth too long.
class PercentileEstimator final : public Estimator {
 public:
  Millis estimate(const VisibleJob& job, Millis already_run) const override;
  void learn(const VisibleJob& job, Millis ran) override;

 private:
  struct Seen {
    std::array<int32_t, 160> cells{};
    std::optional<Millis> at_start;  // the guess for a job that has not run, asked most by far
  };
  static constexpr int64_t kAny = -1;
  std::map<std::pair<int64_t, int64_t>, Seen> seen_;  // by tenant and devices, or kAny
};

}  // namespace berth::sim::queue
