#pragma once
#include <vector>

#include "sim/queue/report.h"

namespace berth::sim::queue {

// Replays the jobs under the policy of that name and sums up. Run times are learned as jobs end, by
// a CoreEstimator unless another is given.
// Errors: those of make_policy() and replay(); Invalid for a tenant whose tier is not listed.
Result<QueueReport> run_queue(const QueueSetup& setup, const OnProgress& on_progress = {});
Result<QueueReport> run_queue(const QueueSetup& setup, Estimator& estimator,
                              const OnProgress& on_progress = {});

// The fewest nodes with which the load (see QueueReport) is at most this, and on which the widest
// job fits; the load that comes out is below the wanted one where that job or the last node says
// so.
//   load  above 0
ClusterShape cluster_for_load(const std::vector<Job>& jobs, int32_t devices_per_node, double load);

}  // namespace berth::sim::queue
