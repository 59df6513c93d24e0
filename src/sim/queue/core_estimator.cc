#include "sim/queue/core_estimator.h"

namespace berth::sim::queue {
namespace {

constexpr int64_t kBasisPoints = 8000;

sched::RunKey key_of(const VisibleJob& job) {
  return {.owner = std::to_string(job.tenant), .template_name = job.model, .devices = job.devices};
}

}  // namespace

Millis CoreEstimator::estimate(const VisibleJob& job, Millis already_run) const {
  if (already_run > Millis{}) {
    return already_run + known_.remaining(key_of(job), already_run, kBasisPoints);
  }
  const auto [guess, is_new] = at_start_.try_emplace({job.tenant, job.devices, job.model});
  if (is_new) guess->second = known_.remaining(key_of(job), Millis{}, kBasisPoints);
  return guess->second;
}

Millis CoreEstimator::left(const VisibleJob& job, Millis already_run, int64_t basis_points) const {
  return known_.remaining(key_of(job), already_run, basis_points);
}

void CoreEstimator::learn(const VisibleJob& job, Millis ran) {
  known_.learn(key_of(job), ran);
  at_start_.clear();
}

}  // namespace berth::sim::queue
