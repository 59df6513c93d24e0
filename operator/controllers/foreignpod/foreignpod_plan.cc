#include "operator/controllers/foreignpod/foreignpod_plan.h"

#include <algorithm>

namespace berth::control {
namespace {

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
  if (must_give_up(facts)) {
    for (const GatedPod& gated : facts.gated) {
      if (!gated.planned.empty()) plan.strip.push_back(gated.pod);
    }
    return plan;
  }
  const bool all_planned = std::all_of(facts.gated.begin(), facts.gated.end(),
                                       [](const GatedPod& g) { return !g.planned.empty(); });
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
