#include <algorithm>
#include <utility>

#include "sched/core/preemption.h"

// What victims keep: elastic gangs that go on with fewer workers.
namespace berth::sched {

// Who takes the newest whole does so to compare with others, who know no shrinking.
ShrinkTerms Preemption::shrink_terms_of(const World::Held& held) const {
  if (world_.settings().victims != VictimOrder::LeastLost) return {};
  const size_t least = least_workers(held);
  // What is booked counts on its devices as they are.
  if (least == 0 || reserved_.concerns(held)) return {};
  return shrink_terms(held, least, now_);
}

int64_t Preemption::Runner::cost_of(int64_t devices) const {
  if (shrink.least == 0) return cost;
  const std::vector<Charge>& charges = held->facts.charges;
  const int64_t worker = std::max<int64_t>(1, charges.front().devices);
  const int64_t leaving = (devices - 1) / worker + 1;
  const int64_t left = static_cast<int64_t>(charges.size()) - leaving;
  return left < static_cast<int64_t>(shrink.least) ? cost : shrink.cost(static_cast<size_t>(left));
}

// The search leaves workers where they are as it goes. Who has to go for the quota is lifted before
// it, and keeps what is left beside the gang and by the quota, the most expensive first.
void Preemption::keep_some(const Ask& ask, const Alternative& wants,
                           const std::vector<size_t>& victims,
                           const std::map<size_t, Terms>& terms) {
  std::vector<size_t> elastic;
  for (const size_t victim : victims) {
    const Runner& runner = runners_[victim];
    const bool may_shrink = runner.shrink.least > 0 && terms.at(victim) != Terms::MovedOnly;
    if (may_shrink && !kept_.contains(runner.held)) elastic.push_back(victim);
  }
  if (elastic.empty()) return;
  std::sort(elastic.begin(), elastic.end(), [&](size_t a, size_t b) {
    return runners_[a].cost != runners_[b].cost ? runners_[a].cost > runners_[b].cost : a < b;
  });
  reclaim_->use(victims, -1);
  for (const auto& [held, kept] : kept_) count(*held, kept, +1);
  for (const size_t victim : elastic) {
    if (auto kept = keeps_of(ask, wants, runners_[victim])) {
      kept_.emplace(runners_[victim].held, *std::move(kept));
    }
  }
  for (const auto& [held, kept] : kept_) count(*held, kept, -1);
  reclaim_->use(victims, +1);
}

// On return what it keeps is counted in the tree, and taken.
std::optional<Kept> Preemption::keeps_of(const Ask& ask, const Alternative& wants,
                                         const Runner& runner) {
  const Trial::Mark mark = trial_.mark();
  Part part(*runner.held, false);
  part.come_back(world_, trial_);
  Kept kept = part.kept();
  count(*runner.held, kept, +1);
  const auto is_too_much = [&] {
    return kept.workers.size() == runner.held->spots.size() ||
           entitlement_.refuses(ask, wants).has_value();
  };
  while (kept.workers.size() >= runner.shrink.least && is_too_much()) {
    count(*runner.held, {{kept.workers.back()}, {}}, -1);
    trial_.give(kept.spots.back());
    kept.workers.pop_back();
    kept.spots.pop_back();
  }
  if (kept.workers.size() >= runner.shrink.least) return kept;
  count(*runner.held, kept, -1);
  trial_.back_to(mark);
  return std::nullopt;
}

void Preemption::count(const World::Held& held, const Kept& kept, int64_t sign) {
  for (const Charge& charge : kept.charges(held)) world_.count_in(tree_, charge, sign);
}

// What is left of victims is work that this pass has admitted: nobody takes it.
void Preemption::go_on(const std::vector<size_t>& victims) {
  for (const size_t victim : victims) {
    const auto kept = kept_.find(runners_[victim].held);
    if (kept == kept_.end()) continue;
    const Holding whole = reclaim_->holdings()[victim];
    const std::vector<Charge> charges = kept->second.charges(*kept->first);
    Holding left{.id = whole.id,
                 .leaf = whole.leaf,
                 .device_class = whole.device_class,
                 .admitted = now_.time_since_epoch().count(),
                 .may_be_taken = false,
                 .in = regions_.parts(whole.device_class, charges)};
    for (const Charge& charge : charges) left.devices += charge.devices;
    runners_.push_back({});
    reclaim_->admit(std::move(left));
  }
}

}  // namespace berth::sched
