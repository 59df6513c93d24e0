#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sched/core/pass.h"
#include "sched/core/world.h"

namespace berth::sched {

// Somebody who holds devices, with what an explanation tells of it.
struct Running {
  Holder holder;
  std::string name;              // for people
  Instant since;                 // when it was admitted
  bool may_be_suggested = true;  // that it could end; false for what is not a job
  std::vector<Instant> ends;     // as in Scene::run_times, for a forecast; none: Run::ends
  Traits traits = {};            // for policies
};

// The facts of one pass as values, so that they can be copied and changed.
struct Scene {
  CoreSettings settings;
  std::vector<Quota> quotas;
  std::map<std::string, Tier> tiers;
  std::map<QuotaId, SpentBudget> spent;
  FairShareInputs fairness;
  std::optional<Outlook> outlook;
  std::vector<PlacementPolicy> policies;
  std::vector<Node> nodes;
  std::vector<Running> running;
  std::vector<Ask> waiting;
  std::vector<Reservation> reservations;
  std::map<std::string, ReservationPlan> booked;  // what is known to be booked, by UID
  Instant now;
  // Ask::expected was learnt from runs like it; else only Ask::max_runtime says when work that is
  // started in a forecast ends.
  bool is_expected_learnt = false;
  // How long waiting work may run from its start on, each value as likely as the next, ascending:
  // quantiles. A forecast takes the median of as many futures as the longest list has values.
  std::map<WorkloadId, std::vector<Millis>> run_times;
};

// Puts the scene into an empty world. Cost: a few microseconds per node and holder.
void fill(World& world, const Scene& scene);

// The decision about one ask of the scene's next pass; nothing when it does not wait there.
std::optional<Decision> decide(const Scene& scene, const WorkloadId& id);

}  // namespace berth::sched
