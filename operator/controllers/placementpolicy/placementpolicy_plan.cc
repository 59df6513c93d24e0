#include "operator/controllers/placementpolicy/placementpolicy_plan.h"

#include "api/condition.h"
#include "base/text.h"
#include "operator/world/stamp.h"

namespace berth::control {
namespace {

// A shadow is ready, too: it can be met, and it reports.
void set_ready(const PolicyFacts& facts, Stamp& stamp) {
  const std::string nodes = count_text(facts.nodes, "node");
  if (!facts.requires_text.empty() && facts.nodes == 0) {
    return stamp.set("Ready", false, "NoNode", "no node meets it: " + facts.requires_text);
  }
  const std::string met = facts.requires_text.empty() ? "prefers" : nodes + " can meet it";
  if (facts.policy.spec.mode == api::PolicyMode::Shadow) {
    return stamp.set("Ready", true, "Shadow", met + "; it only reports what it would change");
  }
  stamp.set("Ready", true, "Enforced", met);
}

void set_conflicting(const PolicyFacts& facts, Stamp& stamp) {
  if (facts.conflicts.empty()) {
    return stamp.clear_if_set("Conflicting", "NoConflict", "can be met beside all others");
  }
  const sched::PolicyConflict& first = facts.conflicts.front();
  const bool wins = first.winner == facts.policy.meta.name;
  std::string message = wins ? "wins over " + first.loser : first.winner + " wins over it";
  message += ": " + first.example;
  if (facts.conflicts.size() > 1) {
    const auto more = static_cast<int64_t>(facts.conflicts.size()) - 1;
    message += "; and " + std::to_string(more) + " more";
  }
  stamp.set("Conflicting", true, wins ? "Overrules" : "Overruled", std::move(message));
}

}  // namespace

PolicyPlan decide(const PolicyFacts& facts) {
  const api::PlacementPolicyStatus& stored = facts.policy.status;
  PolicyPlan plan{.status = stored};
  plan.status.observed_generation = facts.policy.meta.generation;
  plan.status.matched = facts.matched;
  plan.status.would_change = facts.would_change;
  Stamp stamp{plan.status.conditions, facts.policy.meta.generation, facts.now};
  set_ready(facts, stamp);
  set_conflicting(facts, stamp);
  plan.is_changed = plan.status != stored;
  return plan;
}

}  // namespace berth::control
