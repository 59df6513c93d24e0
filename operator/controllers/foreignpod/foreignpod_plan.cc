#include "operator/controllers/foreignpod/foreignpod_plan.h"

#include <algorithm>

namespace berth::control {
namespace {

constexpr Millis kLookAgain{1'000};  // whether the time of another leader's writes is over

// Takes the plans of a group back: the rest of it cannot be placed, or a node is gone, and so far
// nobody runs. Half a gang would hold devices for nothing.
bool must_give_up(const ForeignFacts& facts) {
  if (facts.any_let_go) return false;
  const auto planned = [](const GatedPod& gated) { return !gated.planned.empty(); };
  const bool node_gone = std::any_of(facts.gated.begin(), facts.gated.end(),
                                     [&](const auto& g) { return planned(g) && !g.node_exists; });
  if (node_gone) return true;
  return facts.hold && std::any_of(facts.gated.begin(), facts.gated.end(), planned);
}

void look_at_late(const ForeignFacts& facts, ForeignPlan& plan) {
  for (const LatePod& late : facts.late) {
    if (late.waited < facts.start_timeout) {
      const Millis left = facts.start_timeout - late.waited;
      plan.again_in = std::min(plan.again_in.value_or(left), left);
    } else if (late.pod->meta.controller() != nullptr) {
      plan.evict.push_back(late.pod);
    } else {
      plan.complain.push_back(late.pod);
    }
  }
}

}  // namespace

ForeignPlan decide(const ForeignFacts& facts) {
  ForeignPlan plan;
  look_at_late(facts, plan);
  if (facts.gated.empty()) return plan;
  const auto wait = [&plan] {
    plan.again_in = std::min(plan.again_in.value_or(kLookAgain), kLookAgain);
  };
  if (must_give_up(facts)) {
    // A member may have been let go by another, unseen.
    if (facts.is_group && !facts.is_settled) {
      wait();
      return plan;
    }
    for (const GatedPod& gated : facts.gated) {
      if (!gated.planned.empty()) plan.strip.push_back(gated.pod);
    }
    return plan;
  }
  const bool all_planned = std::all_of(facts.gated.begin(), facts.gated.end(),
                                       [](const GatedPod& g) { return !g.planned.empty(); });
  // The leader before may be taking back the plan of another member.
  const bool is_safe = facts.any_let_go || facts.is_settled || facts.plans_are_ours;
  if (all_planned && facts.is_group && !is_safe) {
    wait();
    return plan;
  }
  for (const GatedPod& gated : facts.gated) {
    if (all_planned) {
      plan.let_go.push_back({gated.pod, gated.planned});
    } else if (gated.planned.empty() && gated.granted) {
      plan.annotate.push_back({gated.pod, *gated.granted});
    }
  }
  return plan;
}

}  // namespace berth::control
