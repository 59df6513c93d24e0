#include "sched/core/preemption.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sched/core/order.h"

namespace berth::sched {
namespace {

// The class and the leaf that pay for a holder: those of its first admitted charge.
const Charge* payer(const World::Held& held) {
  const auto at =
      std::find_if(held.facts.charges.begin(), held.facts.charges.end(),
                   [](const Charge& c) { return c.kind == ChargeKind::Admitted && c.devices > 0; });
  return at == held.facts.charges.end() ? nullptr : &*at;
}

// While its window lasts its devices are its reservation's: that would have them, and their charge,
// when it is gone, so nobody is helped.
bool uses_window(const World& world, const World::Held& held, Instant now) {
  const auto used = world.reservations().find(held.facts.reservation);
  return used != world.reservations().end() && used->second.active(now) != nullptr;
}

}  // namespace

Preemption::Preemption(World& world, Trial& trial, QuotaTree& tree, Steering& steering,
                       const Entitlement& entitlement, const Reserved& reserved,
                       const FairShareInputs& fair, Instant now)
    : world_(world),
      trial_(trial),
      tree_(tree),
      steering_(steering),
      regions_(world, tree),
      entitlement_(entitlement),
      reserved_(reserved),
      now_(now),
      fair_(tree, fair) {}

Preemption::Wanted Preemption::wanted(const Ask& ask, const Alternative& wants) const {
  const QuotaTree::Node leaf = *tree_.find(*ask.quota);
  Wanted made{{leaf, *tree_.find_class(wants.device_class), wants.total()}, {}};
  made.all.prefers = regions_.column(wants);
  if (made.all.prefers) made.there = Reclaim::Ask{leaf, *made.all.prefers, wants.total()};
  return made;
}

// In the region first: whoever gives way there does so in all regions together as well.
Preemption::Named Preemption::reclaimed_for(const Wanted& wants) {
  std::vector<size_t> all;
  Named named;
  const auto take = [&](const Reclaim::Ask& ask, Terms terms) {
    if (tree_.available(ask.leaf, ask.device_class).devices >= ask.devices) return true;
    const auto plan = reclaim_->plan(ask, all);
    if (!plan) return false;
    reclaim_->use(*plan, -1);
    for (const size_t victim : *plan) {
      all.push_back(victim);
      named.emplace_back(victim, terms);
    }
    return true;
  };
  const bool is_granted = (!wants.there || take(*wants.there, Terms::ReclaimedThere)) &&
                          take(wants.all, Terms::Reclaimed);
  reclaim_->use(all, +1);
  if (!is_granted) named.clear();
  return named;
}

int64_t Preemption::price_of(const RunningJob& job) const {
  if (world_.settings().victims == VictimOrder::LeastLost) {
    return preemption_cost(job, now_).total();
  }
  return std::max<int64_t>(1, (now_ - job.started).count());
}

// Most passes preempt nobody: who runs is gathered when it is first asked.
void Preemption::gather() {
  if (reclaim_) return;
  std::vector<Holding> holdings;
  for (const auto& [source, held] : world_.holders()) {
    const Charge* pays = payer(held);
    if (pays == nullptr || held.facts.leaving) continue;
    const auto leaf = tree_.find(pays->quota);
    const auto device_class = tree_.find_class(pays->device_class);
    if (!leaf || !device_class) continue;
    add_runner(held, *leaf);
    const Runner& runner = runners_.back();
    int64_t devices = 0;
    for (const Charge& charge : held.facts.charges) devices += charge.devices;
    holdings.push_back(
        {.id = {source},
         .leaf = *leaf,
         .device_class = *device_class,
         .devices = devices,
         .admitted = held.facts.run ? held.facts.run->job.started.time_since_epoch().count() : 0,
         .lost_work = runner.cost,
         .may_be_taken = runner.may_be_taken,
         .in = regions_.parts(*device_class, held.facts.charges)});
  }
  for (Holding& holding : early_) {
    runners_.push_back({});
    holdings.push_back(std::move(holding));
  }
  early_.clear();
  reclaim_.emplace(tree_, fair_, std::move(holdings));
}

void Preemption::add_runner(const World::Held& held, QuotaTree::Node leaf) {
  Runner runner{.held = &held};
  if (held.facts.run) {
    const Run& run = *held.facts.run;
    runner.tier = world_.tier(run.tier).order;
    runner.priority = run.priority;
    // Nobody loses what it has done only because it has done much.
    if (run.job.saves_on_notice) runner.level = service_level(world_.settings(), run, now_);
    runner.may_be_taken = !unpreemptible(run.job, now_) && !uses_window(world_, held, now_);
    runner.cost = price_of(run.job);
    if (runner.may_be_taken) runner.shrink = shrink_terms_of(held);
  }
  if (runner.may_be_taken) by_leaf_[leaf].push_back(runners_.size());
  runners_.push_back(runner);
}

void Preemption::changed() {
  reclaimable_.clear();
  none_from_.clear();
}

const std::vector<Reclaimable>& Preemption::reclaimable(const Reclaim::Ask& wants) {
  static const std::vector<Reclaimable> kNone;
  const LeafAndClass whose{wants.leaf, wants.device_class};
  const auto none = none_from_.find(whose);
  if (none != none_from_.end() && wants.devices >= none->second) return kNone;
  const auto [at, is_new] = reclaimable_.try_emplace({whose, wants.devices});
  if (is_new) {
    at->second = reclaim_->candidates(wants);
    if (at->second.empty() && reclaim_->has_nobody_for_more(wants)) {
      none_from_[whose] = wants.devices;
    }
  }
  return at->second;
}

void Preemption::add(Chosen& chosen, size_t runner, Terms terms) const {
  // Who moves takes with it all that it has.
  const bool may_shrink = terms != Terms::MovedOnly;
  chosen.candidates.push_back({runners_[runner].held, runners_[runner].cost,
                               may_shrink ? runners_[runner].shrink : ShrinkTerms{}});
  chosen.runners.push_back(runner);
  chosen.terms.push_back(terms);
  chosen.devices += reclaim_->holdings()[runner].devices;
}

bool Preemption::is_held(size_t runner, QuotaTree::Class device_class) const {
  return reclaim_->holds(runner) && reclaim_->holdings()[runner].device_class == device_class;
}

std::vector<size_t> Preemption::own_candidates(const Ask& ask, const Reclaim::Ask& wants) const {
  const auto own = std::tuple(-world_.tier(ask.tier).order, ask.priority,
                              -service_level(world_.settings(), ask));
  std::vector<size_t> found;
  const auto of_leaf = by_leaf_.find(wants.leaf);
  if (of_leaf == by_leaf_.end()) return found;
  for (const size_t i : of_leaf->second) {
    const Runner& runner = runners_[i];
    if (std::tuple(-runner.tier, runner.priority, -runner.level) >= own) continue;
    if (is_held(i, wants.device_class)) found.push_back(i);
  }
  return found;
}

// `out` are victims already, and lifted; so many devices are free with what they had.
Preemption::Chosen Preemption::candidates_for(const Ask& ask, const Wanted& wanted,
                                              const std::vector<size_t>& out, int64_t free) {
  const Reclaim::Ask& wants = wanted.all;
  const int64_t tier = world_.tier(ask.tier).order;
  std::set<size_t> seen(out.begin(), out.end());
  Chosen chosen;
  for (const size_t i : own_candidates(ask, wants)) {
    if (!seen.contains(i)) add(chosen, i, Terms::Own);
  }
  const auto add_reclaimable = [&](const Reclaim::Ask& from, Terms terms) {
    for (const Reclaimable& r : reclaimable(from)) {
      const bool may = r.rule == ReclaimRule::Guarantee || runners_[r.holding].tier >= tier;
      if (may && seen.insert(r.holding).second) add(chosen, r.holding, terms);
    }
  };
  add_reclaimable(wants, Terms::Reclaimed);
  if (wanted.there) add_reclaimable(*wanted.there, Terms::ReclaimedThere);
  // Who has to find another place takes there what he leaves here, so that what is free has to be
  // enough without him.
  if (free <= 0 || free + chosen.devices < wants.devices) return chosen;
  for (size_t i = 0; i < runners_.size(); ++i) {
    const Runner& runner = runners_[i];
    if (!runner.may_be_taken || runner.tier <= tier || !is_held(i, wants.device_class)) continue;
    const Holding& holding = reclaim_->holdings()[i];
    if (holding.leaf == wants.leaf || holding.devices > free) continue;
    // It may be in one region at a time, and not in each.
    if (tree_.is_bound(holding.leaf, holding.device_class)) continue;
    if (seen.insert(i).second) add(chosen, i, Terms::MovedOnly);
  }
  return chosen;
}

std::optional<Preempt> Preemption::place(const Ask& ask, const Alternative& wants,
                                         const Gang& gang) {
  refused_.clear();
  kept_.clear();
  if (!tree_.find_class(wants.device_class)) return std::nullopt;
  gather();
  const Wanted reclaims = wanted(ask, wants);
  const Trial::Mark mark = trial_.mark();
  std::vector<size_t> victims;
  std::map<size_t, Terms> terms;
  if (entitlement_.refuses(ask, wants)) {
    // What others give back is no use to work that is beyond its own guarantee and may not be.
    Named named;
    if (!entitlement_.exceeds_own(ask, wants)) named = reclaimed_for(reclaims);
    if (named.empty()) {
      for (const size_t own : own_until_granted(ask, wants, reclaims.all)) {
        named.emplace_back(own, Terms::Own);
      }
    }
    for (const auto& [victim, why] : named) {
      victims.push_back(victim);
      terms.emplace(victim, why);
      trial_.lift(*runners_[victim].held);
    }
  }
  const int64_t free = world_.fleet().free_of(wants.device_class) / kWholeDevice;
  std::optional<std::vector<Spot>> spots;
  std::optional<Rejected> other;
  if (free >= wants.total()) spots = trial_.place(gang);
  if (!spots) {
    const Chosen chosen = candidates_for(ask, reclaims, victims, free);
    std::optional<Eviction> eviction;
    if (free + chosen.devices >= wants.total()) {
      eviction = evict_for(world_, trial_, gang, chosen.candidates);
    }
    if (eviction) {
      spots = eviction->spots;
      if (eviction->next) other = beside(chosen, *eviction->next);
      for (const Candidate* victim : eviction->victims) {
        const auto at = static_cast<size_t>(victim - chosen.candidates.data());
        victims.push_back(chosen.runners[at]);
        terms.emplace(chosen.runners[at], chosen.terms[at]);
      }
      kept_ = std::move(eviction->kept);
    }
  }
  const bool has_way = spots && !victims.empty();
  if (!has_way || !is_allowed(ask, wants, reclaims, victims, terms)) {
    if (has_way) refused_ = std::move(victims);
    trial_.back_to(mark);
    return std::nullopt;
  }
  keep_some(ask, wants, victims, terms);
  Preempt made = commit(ask, wants, victims, *spots);
  if (other) made.placement.rejected.push_back(*std::move(other));
  return made;
}

Preempt Preemption::evict(const Ask& ask, const Alternative& wants,
                          const std::vector<const World::Held*>& guests,
                          const std::vector<Spot>& spots) {
  gather();
  kept_.clear();
  std::vector<size_t> victims;
  for (size_t i = 0; i < runners_.size(); ++i) {
    const bool is_guest = std::find(guests.begin(), guests.end(), runners_[i].held) != guests.end();
    if (is_guest && reclaim_->holds(i)) victims.push_back(i);
  }
  return commit(ask, wants, victims, spots);
}

Preempt Preemption::commit(const Ask& ask, const Alternative& wants,
                           const std::vector<size_t>& victims, const std::vector<Spot>& spots) {
  spots_ = spots;
  victims_.clear();
  victim_leaves_.clear();
  for (const size_t victim : victims) {
    victims_.push_back(runners_[victim].held);
    victim_leaves_.insert(reclaim_->holdings()[victim].leaf);
  }
  reclaim_->take(victims);
  go_on(victims);
  changed();
  Preempt made = decision(ask, wants, victims, spots);
  admitted(ask, wants, spots);
  return made;
}

// A tenant at its limit makes room in it with its own less urgent work, the cheapest first.
std::vector<size_t> Preemption::own_until_granted(const Ask& ask, const Alternative& asked,
                                                  const Reclaim::Ask& wants) {
  std::vector<size_t> own = own_candidates(ask, wants);
  const auto cost = [&](size_t runner) { return runners_[runner].cost_of(wants.devices); };
  std::stable_sort(own.begin(), own.end(), [&](size_t a, size_t b) { return cost(a) < cost(b); });
  const auto use = [&](size_t runner, int64_t sign) { reclaim_->use({runner}, sign); };
  const auto is_refused = [&] { return entitlement_.refuses(ask, asked).has_value(); };
  std::vector<size_t> taken;
  for (size_t i = 0; i < own.size() && is_refused(); ++i) {
    use(own[i], -1);
    taken.push_back(own[i]);
  }
  const bool is_granted = !is_refused();
  std::vector<size_t> needed;
  std::reverse(taken.begin(), taken.end());
  for (const size_t victim : taken) {
    use(victim, +1);
    const bool is_needed = is_refused();
    if (is_needed) needed.push_back(victim);
    if (is_needed) use(victim, -1);
  }
  for (const size_t victim : needed) use(victim, +1);
  return is_granted ? needed : std::vector<size_t>{};
}

// The tree has to grant it afterwards, and no tenant may lose what is its own.
bool Preemption::is_allowed(const Ask& ask, const Alternative& asked, const Wanted& wants,
                            const std::vector<size_t>& victims,
                            const std::map<size_t, Terms>& terms) {
  std::vector<size_t> reclaimed;
  std::vector<size_t> there;
  for (const size_t victim : victims) {
    if (terms.at(victim) == Terms::Reclaimed) reclaimed.push_back(victim);
    if (terms.at(victim) == Terms::ReclaimedThere) there.push_back(victim);
    if (terms.at(victim) == Terms::MovedOnly && !finds_another_place(*runners_[victim].held)) {
      return false;
    }
  }
  // With the victims of the other column out of the tree.
  const auto may = [&](const Reclaim::Ask& in, const std::vector<size_t>& mine,
                       const std::vector<size_t>& other) {
    reclaim_->use(other, -1);
    const bool is_right = mine.empty()
                              ? tree_.available(in.leaf, in.device_class).devices >= in.devices
                              : reclaim_->judge(in, mine) == ReclaimFault::Nothing;
    reclaim_->use(other, +1);
    return is_right;
  };
  std::vector<size_t> others;
  for (const size_t victim : victims) {
    if (terms.at(victim) == Terms::Own) others.push_back(victim);
  }
  reclaim_->use(others, -1);
  const bool is_fair = reclaimed.empty() && there.empty()
                           ? !entitlement_.refuses(ask, asked)
                           : !entitlement_.exceeds_own(ask, asked) &&
                                 may(wants.all, reclaimed, there) &&
                                 (!wants.there || may(*wants.there, there, reclaimed));
  reclaim_->use(others, +1);
  return is_fair;
}

// It is tried and left in the trial: what it would take is not there for the next one.
bool Preemption::finds_another_place(const World::Held& held) {
  Gang gang;
  for (size_t i = 0; i < held.spots.size(); ++i) {
    if (!held.is_placed[i]) continue;
    Shape shape = world_.fleet().shape_of(held.spots[i].shape);
    shape.classes = {held.facts.charges[i].device_class};
    gang.workers.push_back(world_.fleet().shape(shape));
  }
  steering_.steer(held, gang);
  return trial_.place(gang).has_value();
}

void Preemption::admitted(const Ask& ask, const Alternative& wants,
                          const std::vector<Spot>& spots) {
  const QuotaTree::Class device_class = *tree_.find_class(wants.device_class);
  Holding holding{.id = ask.id,
                  .leaf = *tree_.find(*ask.quota),
                  .device_class = device_class,
                  .devices = wants.total(),
                  .admitted = now_.time_since_epoch().count(),
                  .may_be_taken = false,
                  .in = regions_.parts(device_class, spots)};
  changed();
  if (reclaim_) {
    runners_.push_back({});
    reclaim_->admit(std::move(holding));
    return;
  }
  tree_.use(holding.leaf, holding.device_class, holding.devices);
  for (const Holding::Part& part : holding.in) tree_.use(holding.leaf, part.column, part.devices);
  early_.push_back(std::move(holding));
}

}  // namespace berth::sched
