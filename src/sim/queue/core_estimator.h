#pragma once
#include <map>
#include <string>
#include <tuple>

#include "sched/time/estimates.h"
#include "sim/queue/estimator.h"

namespace berth::sim::queue {

// The guesses of the core, at a chance of 80 %: the tenant is the owner, the model the template.
class CoreEstimator final : public Estimator {
 public:
  Millis estimate(const VisibleJob& job, Millis already_run) const override;
  Millis left(const VisibleJob& job, Millis already_run, int64_t basis_points) const override;
  void learn(const VisibleJob& job, Millis ran) override;

 private:
  sched::Estimates known_;
  // Guesses for jobs that have not run, asked most by far; empty after learning.
  mutable std::map<std::tuple<TenantId, int64_t, std::string>, Millis> at_start_;
};

}  // namespace berth::sim::queue
