#include "sim/queue/run_queue.h"

#include <algorithm>
#include <cmath>

#include "sim/queue/core_estimator.h"

namespace berth::sim::queue {

Result<QueueReport> run_queue(const QueueSetup& setup, const OnProgress& on_progress) {
  CoreEstimator estimator;
  return run_queue(setup, estimator, on_progress);
}

Result<QueueReport> run_queue(const QueueSetup& setup, Estimator& estimator,
                              const OnProgress& on_progress) {
  for (const Tenant& tenant : setup.tenants) {
    if (std::none_of(setup.tiers.begin(), setup.tiers.end(),
                     [&](const Tier& tier) { return tier.name == tenant.tier; })) {
      return Error{Code::Invalid, "tenant " + tenant.name + ": no tier " + tenant.tier};
    }
  }
  const auto policy = BERTH_TRY(make_policy(setup.policy, setup.core));
  const Outcome outcome = BERTH_TRY(replay(setup, *policy, estimator, on_progress));
  return summarise(setup, outcome);
}

ClusterShape cluster_for_load(const std::vector<Job>& jobs, int32_t devices_per_node, double load) {
  double work = 0;
  int64_t widest = 1;
  for (const Job& job : jobs) {
    work += static_cast<double>(job.duration.count()) * static_cast<double>(job.visible.devices);
    widest = std::max(widest, job.visible.devices);
  }
  const Millis span =
      jobs.empty() ? Millis{} : jobs.back().visible.submitted - jobs.front().visible.submitted;
  const double devices = span > Millis{} ? work / (static_cast<double>(span.count()) * load) : 1;
  const auto nodes = static_cast<int64_t>(std::ceil(devices / devices_per_node));
  const int64_t fewest = (widest + devices_per_node - 1) / devices_per_node;
  return {static_cast<int32_t>(std::max(nodes, fewest)), devices_per_node};
}

}  // namespace berth::sim::queue
