#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "api/placementpolicy.h"
#include "base/clock.h"
#include "sched/policy/conflicts.h"

// What the status of one PlacementPolicy should say: a pure function of what was seen of it.
namespace berth::control {

struct PolicyFacts {
  const api::PlacementPolicy& policy;
  std::string requires_text;  // in words; empty: it only prefers
  int64_t nodes = 0;          // that meet it
  int64_t matched = 0;
  int64_t would_change = 0;
  std::vector<sched::PolicyConflict> conflicts;  // that it is one of; the first is told
  Instant now;
};

struct PolicyPlan {
  api::PlacementPolicyStatus status;
  bool is_changed = false;
};

PolicyPlan decide(const PolicyFacts& facts);

}  // namespace berth::control
