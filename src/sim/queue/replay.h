#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/queue/policy.h"

namespace berth::sim::queue {

// Nodes fail one by one, each after a random time, and come back after a fixed one.
struct Failures {
  uint64_t seed = 0;
  Millis mean_between = std::chrono::hours(30 * 24);  // per node
  Millis repair = std::chrono::hours(4);
};

struct QueueSetup {
  std::vector<Job> jobs;  // by time of submission, as load_traces() gives them
  std::vector<Tenant> tenants;
  std::vector<Tier> tiers = usual_tiers();
  ClusterShape cluster;
  std::string policy = "fifo";
  sched::CoreSettings core;  // of the policy berth
  CheckpointCost checkpoint;
  std::optional<Failures> failures = std::nullopt;
};

// A stretch of time in which a job held its devices.
struct Stretch {
  Instant from;
  Instant to;
  bool operator==(const Stretch&) const = default;
};

struct JobOutcome {
  std::vector<Stretch> runs;
  Instant ended;
  bool refused = false;  // wider than the cluster: it never waited and never ran
  bool operator==(const JobOutcome&) const = default;
};

struct Outcome {
  std::vector<JobOutcome> jobs;  // by JobId
  int64_t preemptions = 0;
  int64_t useless_preemptions = 0;  // the beneficiary did not start in the same decision
  int64_t failures_met = 0;         // attempts that a failing node ended
  int64_t decisions = 0;
  bool operator==(const Outcome&) const = default;
};

using OnProgress = std::function<void(int64_t ended, int64_t all)>;

// Replays the jobs through a policy until all have ended; those wider than the cluster are refused.
// Deterministic: everything follows from the arguments.
// Errors: Invalid for jobs out of order, unknown tenants or no cluster; Internal where the policy
// asks for what cannot be, or nothing more can happen while jobs wait.
// Cost: one decision per instant at which something happens.
Result<Outcome> replay(const QueueSetup& setup, Policy& policy, Estimator& estimator,
                       const OnProgress& on_progress = {});

}  // namespace berth::sim::queue
