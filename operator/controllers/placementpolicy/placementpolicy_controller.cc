#include "operator/controllers/placementpolicy/placementpolicy_controller.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/codec.h"
#include "base/text.h"
#include "kube/request.h"
#include "operator/world/status_write.h"
#include "sched/policy/terms.h"
#include "translate/policies.h"

namespace berth::control {

PlacementPolicyController::PlacementPolicyController(Stores& stores, PolicyDesk& desk,
                                                     runtime::Recorder& recorder,
                                                     const Settings& settings, const Clock& clock)
    : stores_(stores), desk_(desk), recorder_(recorder), settings_(settings), clock_(clock) {}

std::vector<runtime::ObjectKey> PlacementPolicyController::due() {
  const PolicyDesk::Touched touched = desk_.take_touched();
  is_old_ = is_old_ || touched.all;
  const Monotonic now = clock_.monotonic();
  if (!is_old_ || (!touched.is_urgent && now < next_)) return {};
  is_old_ = false;
  next_ = now + settings_.policy_refresh;
  std::vector<runtime::ObjectKey> keys;
  for (const api::PlacementPolicy& policy : stores_.policies.all()) {
    keys.push_back(runtime::key_of(policy.meta));
  }
  return keys;
}

runtime::Next PlacementPolicyController::reconcile(const runtime::ObjectKey& key,
                                                   runtime::Writes writes) {
  const api::PlacementPolicy* policy = stores_.policies.find(key);
  if (policy == nullptr || policy->meta.deletion) return {};
  tell(*policy);
  const PolicyPlan plan = decide(gather(*policy));
  if (!plan.is_changed) return {};
  api::PlacementPolicy wanted = *policy;
  wanted.status = plan.status;
  writes.send(status_write(kube::kPlacementPolicies, policy->meta, api::to_json(wanted)),
              [this](Json&& reply) {
                if (auto stored = api::from_json<api::PlacementPolicy>(reply)) {
                  stores_.policies.upsert(*std::move(stored));
                }
              });
  return {};
}

PolicyFacts PlacementPolicyController::gather(const api::PlacementPolicy& policy) {
  const PolicyDesk::Reach reach = desk_.reach(policy.meta.name);
  const PolicySeen& seen = desk_.seen(policy.meta.name);
  PolicyFacts facts{.policy = policy,
                    .requires_text = text_of(translate::policy_of(policy).require),
                    .nodes = reach.nodes,
                    .matched = reach.matched,
                    .would_change = seen.would_change,
                    .conflicts = {},
                    .now = clock_.now()};
  const bool is_shadow = policy.spec.mode == api::PolicyMode::Shadow;
  for (const sched::PolicyConflict& conflict : desk_.conflicts()) {
    const bool wins = conflict.winner == policy.meta.name;
    if (!wins && conflict.loser != policy.meta.name) continue;
    // What a shadow would do is reported on the shadow alone.
    const auto* other = stores_.policies.find({"", wins ? conflict.loser : conflict.winner});
    if (!is_shadow && other != nullptr && other->spec.mode == api::PolicyMode::Shadow) continue;
    facts.conflicts.push_back(conflict);
  }
  if (!facts.conflicts.empty()) return facts;
  for (const auto& [winner, work] : seen.overruled) {
    facts.conflicts.push_back({winner, policy.meta.name, "not applied to " + work});
  }
  for (const api::PlacementPolicy& other : stores_.policies.all()) {
    const auto& overruled = desk_.seen(other.meta.name).overruled;
    const auto at = overruled.find(policy.meta.name);
    if (at == overruled.end()) continue;
    facts.conflicts.push_back(
        {policy.meta.name, other.meta.name, "it is not applied to " + at->second});
  }
  return facts;
}

// One event tells of all that came since the last one, with the newest as the example.
void PlacementPolicyController::tell(const api::PlacementPolicy& policy) {
  const PolicySeen& seen = desk_.seen(policy.meta.name);
  if (seen.example.empty()) return;
  if (seen.would_change <= seen.told) return;
  desk_.told(policy.meta.name);
  recorder_.record(
      {.regarding = runtime::regarding(kube::kPlacementPolicies, policy.meta),
       .type = runtime::EventType::Normal,
       .reason = "WouldChange",
       .action = "Compare",
       .note = "would have changed " + count_text(seen.told, "placement") + ": " + seen.example});
}

}  // namespace berth::control
