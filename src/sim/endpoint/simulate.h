#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/endpoint/arrivals.h"
#include "sim/endpoint/fleet.h"
#include "sim/endpoint/scaler.h"

namespace berth::sim::endpoint {

struct Settings {
  ReplicaModel replica;
  scaling::Rules rules;
  double bound_seconds = 1;
  int64_t objective_basis_points = 9900;
  bool learns = true;  // else rules.target_milli is given
};

// One run, over the time from the first to the last arrival.
struct Outcome {
  std::string scaler;
  Counted counted;
  int64_t unanswered = 0;  // of those that arrived, at the end; all late
  double met_percent = 0;  // requests within the bound
  double ratio = 0;        // replica-seconds over those of the bound
};

// Begins with `ready` replicas, as an endpoint that has been running.
Counted simulate(const std::vector<Request>& requests, const Settings& settings, int64_t ready,
                 Scaler& scaler);

// Replicas that the work of the first five minutes needs at 85 % of what they can do.
int64_t ready_at_first(const std::vector<Request>& requests, const Settings& settings);

// Replica-seconds that nobody can undercut who answers the objective's share of the requests within
// the bound, whatever is known of the future.
//
// A replica does most_work_rate() seconds of work in a second at most. Who answers a share q of n
// requests in time does at least the work of the n x q smallest; those of the last `bound_seconds`
// may be answered after the end and are left out. So replica-seconds >= work / rate. Two bounds
// stand beside it, of which the largest counts: min_replicas all the time; and where requests
// pause, for groups of which none may be missed (each more than 1 - q of all), either a replica is
// kept through the pause or another one starts.
double least_replica_seconds(const std::vector<Request>& requests, const Settings& settings);

// The fewest replicas in each instant with the future known, as found: the work of each `smooth`
// seconds over the rate, times the least headroom with which the objective holds, kept or started
// anew whichever costs less. Somebody could do better, nobody better than the bound above.
Outcome best_plan(const std::vector<Request>& requests, const Settings& settings);

struct Report {
  int64_t requests = 0;
  double seconds = 0;
  double least_replica_seconds = 0;
  double target = 0;              // at the end, requests in flight per replica
  std::vector<Outcome> outcomes;  // berth, knative, and the plan where it was asked for
};
Report compare(const std::vector<Request>& requests, const Settings& settings, bool with_plan);

}  // namespace berth::sim::endpoint
