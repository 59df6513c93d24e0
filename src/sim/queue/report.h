#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/queue/explained.h"
#include "sim/queue/replay.h"

namespace berth::sim::queue {

// What a replay was worth. Refused jobs count only as refused.
struct QueueReport {
  std::string policy;
  ClusterShape cluster;
  int64_t jobs = 0;
  int64_t refused = 0;  // wider than the cluster
  // Device time of all jobs over that of the cluster between the first submission and the last;
  // empty where those are one.
  std::optional<double> load;
  double makespan_seconds = 0;     // first submission to last end
  double utilisation_percent = 0;  // useful device time of the cluster's, over the makespan
  // Time from submission to end that a job did not run usefully: queueing, but also what
  // preemptions and failures cost it. Percentiles are by nearest rank.
  struct {
    double mean = 0, p50 = 0, p95 = 0, p99 = 0;
  } wait_seconds;
  double jct_ratio_mean = 0;  // submission to end, over the duration; 1 is the least
  // By tier: of the windows of its jobs' lives, counted from their submission, those in which the
  // job held the promised share of its devices; the last window of a job may be shorter.
  std::vector<std::pair<std::string, double>> sla_attainment_percent;
  double lost_device_seconds = 0;  // held by jobs and not useful
  int64_t preemptions = 0;
  int64_t useless_preemptions = 0;
  int64_t failures_met = 0;                     // attempts ended by a failing node
  std::optional<double> deadlines_met_percent;  // of the jobs that have one
  std::optional<ExplainReport> explained;       // where it was asked for
};

QueueReport summarise(const QueueSetup& setup, const Outcome& outcome);

}  // namespace berth::sim::queue
