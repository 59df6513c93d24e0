#include "sched/core/entitlement.h"

#include <algorithm>

#include "base/saturating.h"
#include "sched/core/why.h"

namespace berth::sched {
namespace {

int64_t demand_of(const Tier& tier, int64_t devices) {
  return multiply_saturating(tier.device_time_percent, devices);
}

}  // namespace

void Entitlement::expect(const std::vector<const Ask*>& asks) {
  if (world_.tiers().empty()) return;
  for (const Ask* ask : asks) {
    // One that runs and asks to grow is counted as a holder.
    if (!ask->promised || ask->runs_with > 0 || !ask->quota || ask->alternatives.empty()) continue;
    const Tier& tier = world_.tier(ask->tier);
    if (tier.device_time_percent <= 0) continue;
    const Alternative& wants = ask->alternatives.front();
    waiting_.push_back(ask);
    int64_t& sum = waiting_wants_[wants.device_class];
    sum = add_saturating(sum, demand_of(tier, wants.total()));
  }
}

std::optional<Hold> Entitlement::bars(const Ask& ask, QuotaTree::Node leaf) const {
  if (!ask.tier.empty()) {
    const bool exists = world_.tiers().contains(ask.tier);
    const std::vector<std::string>& listed = tree_.tiers(leaf);
    const bool may =
        listed.empty() || std::find(listed.begin(), listed.end(), ask.tier) != listed.end();
    if (!exists || !may) {
      std::vector<std::string> allowed = listed;
      if (listed.empty()) {
        for (const auto& [name, tier] : world_.tiers()) allowed.push_back(name);
      }
      return no_tier(ask, exists, allowed);
    }
  }
  if (world_.spent().empty()) return std::nullopt;
  for (QuotaTree::Node node = leaf; node != tree_.pool(); node = tree_.parent(node)) {
    const auto spent = world_.spent().find(tree_.id(node));
    if (spent == world_.spent().end()) continue;
    return Hold{ask.id, Reason::BudgetSpent, spent->second.message, spent->second.until};
  }
  return std::nullopt;
}

std::optional<QuotaRefusal> Entitlement::refuses(const Ask& ask, const Alternative& wants) const {
  if (wants.region && !wants.region->empty()) {
    const Column there = column_of(wants.device_class, *wants.region);
    if (auto no = tree_.refuses(*ask.quota, there, wants.total())) return no;
  }
  if (auto no = tree_.refuses(*ask.quota, wants.device_class, wants.total())) return no;
  return exceeds_own(ask, wants);
}

std::optional<QuotaRefusal> Entitlement::exceeds_own(const Ask& ask,
                                                     const Alternative& wants) const {
  return beyond_own(world_, tree_, ask, wants);
}

void Entitlement::make(const Admitted& admitted) {
  const Promised& promised = admitted.promised;
  made_->promises.make(admitted.id, promised);
  int64_t& sum = made_->leaves[{admitted.leaf, promised.device_class}];
  sum = add_saturating(sum, multiply_saturating(promised.percent, promised.devices));
}

void Entitlement::gather() {
  if (made_) return;
  made_.emplace();
  for (const auto& [source, held] : world_.holders()) {
    if (!held.facts.run || held.facts.charges.empty()) continue;
    const Charge& first = held.facts.charges.front();
    const int64_t percent = world_.tier(held.facts.run->tier).device_time_percent;
    if (percent <= 0 || first.kind != ChargeKind::Admitted) continue;
    make({{source},
          first.quota,
          {first.device_class, held.facts.run->job.devices, percent, held.facts.run->ends}});
  }
  for (const Ask* ask : waiting_) {
    const Alternative& wants = ask->alternatives.front();
    make({ask->id,
          *ask->quota,
          {wants.device_class, wants.total(), world_.tier(ask->tier).device_time_percent}});
  }
  for (const Admitted& one : std::exchange(admitted_, {})) make(one);
}

std::optional<Hold> Entitlement::breaks_promises(const Ask& ask, const Alternative& wants) {
  const Tier& tier = world_.tier(ask.tier);
  if (tier.device_time_percent <= 0 || ask.promised) return std::nullopt;
  const int64_t demand = demand_of(tier, wants.total());
  const auto exist = world_.usable().find(wants.device_class);
  const Promisable there{.devices = exist == world_.usable().end() ? 0 : exist->second};
  // Nobody is promised more than all of what it holds.
  const auto used = tree_.find_class(wants.device_class);
  const auto waits = waiting_wants_.find(wants.device_class);
  const int64_t at_most =
      add_saturating(used ? multiply_saturating(100, tree_.used(tree_.pool(), *used)) : 0,
                     waits == waiting_wants_.end() ? 0 : waits->second);
  if (add_saturating(at_most, demand) <= multiply_saturating(100, there.devices)) {
    return std::nullopt;
  }
  gather();
  const auto own = made_->leaves.find({*ask.quota, wants.device_class});
  const int64_t of_leaf = own == made_->leaves.end() ? 0 : own->second;
  if (add_saturating(of_leaf, demand) <=
      multiply_saturating(100, guaranteed_to(tree_, *ask.quota, wants.device_class))) {
    return std::nullopt;
  }
  const Promised wanted{wants.device_class, wants.total(), tier.device_time_percent};
  const PromiseAnswer answer = made_->promises.can_promise(ask.id, wanted, there, now_);
  if (answer.can) return std::nullopt;
  return promised_out(ask, wants, answer, tier.device_time_percent, now_);
}

void Entitlement::admitted(const Ask& ask, const Alternative& wants) {
  const int64_t percent = world_.tier(ask.tier).device_time_percent;
  if (percent <= 0 || ask.promised) return;  // a promise that stands is counted already
  // The ask may be one of fewer workers that is gone when the promises are first asked for.
  Admitted made{
      ask.id, *ask.quota, {wants.device_class, wants.total(), percent, later(now_, ask.expected)}};
  if (made_) return make(made);
  admitted_.push_back(std::move(made));
}

int64_t guaranteed_to(const QuotaTree& tree, const QuotaId& leaf, const Column& column) {
  const auto node = tree.find(leaf);
  const auto at = tree.find_class(column);
  return node && at ? tree.limit(*node, *at).guaranteed : 0;
}

std::optional<QuotaRefusal> beyond_own(const World& world, const QuotaTree& tree, const Ask& ask,
                                       const Alternative& wants) {
  if (ask.preemptible.value_or(world.tier(ask.tier).preemptible)) return std::nullopt;
  const int64_t total = wants.total();
  const auto beyond = [&](const Column& column) -> std::optional<QuotaRefusal> {
    const int64_t left = guaranteed_to(tree, *ask.quota, column) - tree.used(*ask.quota, column);
    if (total <= left) return std::nullopt;
    return QuotaRefusal{.at = *ask.quota,
                        .wants = total,
                        .leaves = std::max<int64_t>(0, left),
                        .own_only = true,
                        .region = region_in(column)};
  };
  if (auto no = beyond(wants.device_class)) return no;
  if (!wants.region || wants.region->empty()) return std::nullopt;
  const Column there = column_of(wants.device_class, *wants.region);
  if (!tree.limits(*ask.quota).contains(there)) return std::nullopt;
  return beyond(there);
}

}  // namespace berth::sched
