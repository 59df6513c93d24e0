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
};

// The facts of one pass as values, so that they can be copied and changed.
struct Scene {
  CoreSettings settings;
  std::vector<Quota> quotas;
  std::map<std::string, Tier> tiers;
  std::map<QuotaId, SpentBudget> spent;
  FairShareInputs fairness;
  std::optional<Outlook> outlook;
  std::vector<Node> nodes;
  std::vector<Running> running;
  std::vector<Ask> waiting;
  Instant now;
  // Ask::expected was learnt from runs like it; else only Ask::max_runtime says when work that is
  // started in a forecast ends.
  bool is_expected_learnt = false;
};

// Puts the scene into an empty world. Cost: a few microseconds per node and holder.
void fill(World& world, const Scene& scene);

// The decision about one ask of the scene's next pass; nothing when it does not wait there.
std::optional<Decision> decide(const Scene& scene, const WorkloadId& id);

}  // namespace berth::sched
