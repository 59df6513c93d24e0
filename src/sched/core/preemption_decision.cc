#include <algorithm>

#include "sched/core/preemption.h"

// What a preemption says of itself: whom it takes, and whom it would have taken instead.
namespace berth::sched {

Preempt Preemption::decision(const Ask& ask, const Alternative& wants,
                             const std::vector<size_t>& victims, const std::vector<Spot>& spots) {
  Preempt made{.id = ask.id,
               .placement = {ask.id, *ask.quota, wants.device_class, wants.counts, {}}};
  for (const Spot& spot : spots) {
    made.placement.nodes.push_back(world_.fleet().facts(spot.node).id);
  }
  for (const size_t victim : victims) {
    const Runner& runner = runners_[victim];
    const RunningJob& job = runner.held->facts.run->job;
    made.victims.push_back({job.id, job.devices, runner.cost});
    const auto kept = kept_.find(runner.held);
    if (kept == kept_.end()) continue;
    made.victims.back().lost_device_ms = runner.shrink.cost(kept->second.workers.size());
    for (const size_t worker : kept->second.workers) {
      made.victims.back().keeps.push_back(runner.held->facts.charges[worker].node);
    }
  }
  std::sort(made.victims.begin(), made.victims.end(),
            [](const Victim& a, const Victim& b) { return a.id < b.id; });
  return made;
}

std::optional<Rejected> Preemption::refused() const {
  if (refused_.empty()) return std::nullopt;
  Rejected made{.what = Rejected::What::Victims, .why = Rejected::Why::NotAllowed};
  int64_t cost = 0;
  for (const size_t victim : refused_) {
    made.victims.push_back(runners_[victim].held->facts.run->job.id);
    cost = add_saturating(cost, runners_[victim].cost);
  }
  made.its = cost;
  std::sort(made.victims.begin(), made.victims.end());
  return made;
}

Rejected Preemption::beside(const Chosen& chosen, const Eviction::Next& next) const {
  Rejected made{.what = Rejected::What::Victims,
                .why = Rejected::Why::Dearer,
                .name = name_of(world_.fleet().facts(next.node).id),
                .its = next.cost,
                .taken = next.least};
  for (const Candidate* victim : next.victims) {
    const auto at = static_cast<size_t>(victim - chosen.candidates.data());
    made.victims.push_back(runners_[chosen.runners[at]].held->facts.run->job.id);
  }
  std::sort(made.victims.begin(), made.victims.end());
  return made;
}

}  // namespace berth::sched
