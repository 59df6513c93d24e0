#include "operator/scheduling/tier_accounts.h"

#include <algorithm>
#include <utility>

#include "translate/runs.h"
#include "translate/served.h"

namespace berth::control {
namespace {

sched::TierPromise promise_of(const api::SlaTier& tier) {
  return {tier.spec.device_time_percent, std::chrono::seconds(tier.spec.window_seconds)};
}

std::optional<Millis> max_queue_of(const api::SlaTier& tier) {
  if (!tier.spec.max_queue_seconds) return std::nullopt;
  return std::chrono::seconds(*tier.spec.max_queue_seconds);
}

bool promises_anything(const api::SlaTier& tier) {
  return tier.spec.device_time_percent > 0 || tier.spec.max_queue_seconds;
}

// Less slack than this is a risk: a quarter of what may be lost in all, if that is less.
Millis risk_bound(const sched::TierPromise& promise, const std::optional<Millis>& max_queue) {
  Millis all = max_queue.value_or(Millis::max());
  if (promise.percent > 0) all = std::min(all, promise.window * (100 - promise.percent) / 100);
  return std::min(TierAccounts::kRisk, all / 4);
}

}  // namespace

TierAccounts::TierAccounts(Stores& stores, const Books& books, const Clock& clock)
    : stores_(stores), books_(books), clock_(clock) {
  stores.jobs.subscribe([this](const auto* before, const auto* after) { on_job(before, after); });
  stores.tiers.subscribe([this](const api::SlaTier* before, const api::SlaTier* after) {
    if (before == nullptr || after == nullptr || before->spec != after->spec) tiers_changed_ = true;
  });
  stores.quotas.subscribe([this](const api::Quota* before, const api::Quota* after) {
    const bool same = before != nullptr && after != nullptr && before->spec == after->spec;
    if (!same) tiers_changed_ = true;  // of work that names none
  });
}

void TierAccounts::on_job(const api::GpuJob* before, const api::GpuJob* after) {
  const std::string& uid = after != nullptr ? after->meta.uid : before->meta.uid;
  const auto at = accounts_.find(uid);
  if (at == accounts_.end()) {
    if (after != nullptr && before == nullptr && !is_finished(*after)) open(*after);
    return;
  }
  if (before != nullptr) advance(*before, at->second, clock_.now());
  if (after == nullptr) {
    accounts_.erase(at);  // taken away by its owner: nothing to be judged
  } else if (is_finished(*after)) {
    const Account& account = at->second;
    const int64_t asked = translate::service_of(*after, {}).asked;
    ended_[account.tier].push_back({clock_.now(), account.account.kept(asked)});
    accounts_.erase(at);
  }
}

void TierAccounts::open(const api::GpuJob& job) {
  const std::string name = translate::tier_name(job, books_.tenancy());
  const api::SlaTier* tier = name.empty() ? nullptr : stores_.tiers.find({"", name});
  if (tier == nullptr || !promises_anything(*tier)) return;
  const sched::TierPromise promise = promise_of(*tier);
  Account made{.tier = name,
               .promise = promise,
               .max_queue = max_queue_of(*tier),
               .account = sched::SlaAccount(promise),
               .counted_until = clock_.now()};
  for (const translate::ServiceSpan& span : translate::service_so_far(job, made.counted_until)) {
    made.account.advance(span.from, span.until, span.service.held, span.service.asked,
                         span.service.eligible);
  }
  accounts_.insert_or_assign(job.meta.uid, std::move(made));
  next_ = Monotonic::min();
}

void TierAccounts::reopen_all() {
  tiers_changed_ = false;
  for (const api::GpuJob& job : stores_.jobs.all()) {
    if (is_finished(job)) continue;
    const std::string name = translate::tier_name(job, books_.tenancy());
    const api::SlaTier* tier = name.empty() ? nullptr : stores_.tiers.find({"", name});
    const auto known = accounts_.find(job.meta.uid);
    const bool stays = known != accounts_.end() && tier != nullptr && known->second.tier == name &&
                       known->second.promise == promise_of(*tier) && promises_anything(*tier);
    if (stays) {
      known->second.max_queue = max_queue_of(*tier);
      continue;
    }
    if (known != accounts_.end()) accounts_.erase(known);
    open(job);
  }
  for (const api::SlaTier& tier : stores_.tiers.all()) changed_.insert(tier.meta.name);
}

// What the last pass said of it; of work that does not reach the pass, what its status says.
std::string TierAccounts::reason_of(const api::GpuJob& job) const {
  std::string reason = hold_reason ? hold_reason(job.meta.uid) : std::string();
  return reason.empty() ? std::string(translate::shown_reason(job)) : reason;
}

void TierAccounts::advance(const api::GpuJob& job, Account& account, Instant now) {
  const translate::Service service = translate::service_of(job, reason_of(job));
  account.account.advance(account.counted_until, now, service.held, service.asked,
                          service.eligible);
  account.counted_until = std::max(account.counted_until, now);
}

Millis TierAccounts::queue_slack(const api::GpuJob& job, Account& account, Instant now) const {
  if (!account.max_queue) return Millis::max();
  if (job.status.placement) {
    account.is_overdue = false;
    return *account.max_queue;  // that it would have anew
  }
  const Millis left = *account.max_queue - (now - translate::waits_since(job));
  if (left < Millis{0} && !std::exchange(account.is_overdue, true) && on_overdue) {
    on_overdue(account.tier);
  }
  return std::max(Millis{0}, left);
}

void TierAccounts::look(const api::GpuJob& job, Account& account, Instant now, TierFacts& facts) {
  advance(job, account, now);
  const translate::Service service = translate::service_of(job, reason_of(job));
  const bool waits = service.held == 0 && service.eligible;
  const Millis before = account.slack;
  account.slack = account.account.slack(service.asked);
  if (waits || service.held > 0) {
    account.slack = std::min(account.slack, queue_slack(job, account, now));
  }
  if (service.held > 0 && account.slack != before && on_slack) {
    on_slack(job.meta.uid, account.slack);
  }
  const bool is_overdue = waits && account.is_overdue;
  ++facts.jobs;
  facts.kept += account.account.kept(service.asked) && !is_overdue ? 1 : 0;
  facts.at_risk += waits && account.slack < risk_bound(account.promise, account.max_queue) ? 1 : 0;
  if (!is_overdue) return;
  ++facts.overdue;
  const std::string name = job.meta.name_space + "/" + job.meta.name;
  const api::GpuJob* longest = nullptr;
  if (!facts.longest_waiting.empty()) {
    const size_t slash = facts.longest_waiting.find('/');
    longest = stores_.jobs.find(
        {facts.longest_waiting.substr(0, slash), facts.longest_waiting.substr(slash + 1)});
  }
  if (longest == nullptr || translate::waits_since(job) < translate::waits_since(*longest)) {
    facts.longest_waiting = name;
  }
}

Monotonic TierAccounts::tick() {
  const Monotonic mono = clock_.monotonic();
  if (tiers_changed_) reopen_all();
  if (accounts_.empty() && ended_.empty() && facts_.empty()) return Monotonic::max();
  if (mono < next_) return next_;
  next_ = mono + kInterval;
  const Instant now = clock_.now();
  std::map<std::string, TierFacts> facts;
  for (auto& [uid, account] : accounts_) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job != nullptr) look(*job, account, now, facts[account.tier]);
  }
  for (auto& [name, ended] : ended_) {
    const api::SlaTier* tier = stores_.tiers.find({"", name});
    const Millis window = tier == nullptr ? Millis{0} : promise_of(*tier).window;
    std::erase_if(ended, [&](const Ended& one) { return one.at + window < now; });
    if (ended.empty()) continue;
    TierFacts& of = facts[name];
    of.jobs += static_cast<int64_t>(ended.size());
    of.kept += std::count_if(ended.begin(), ended.end(), [](const Ended& one) { return one.kept; });
  }
  std::erase_if(ended_, [](const auto& ended) { return ended.second.empty(); });
  for (const auto& [name, of] : facts_) changed_.insert(name);
  for (const auto& [name, of] : facts) changed_.insert(name);
  facts_ = std::move(facts);
  return next_;
}

Millis TierAccounts::slack(const std::string& uid) const {
  const auto at = accounts_.find(uid);
  return at == accounts_.end() ? Millis::max() : at->second.slack;
}

TierFacts TierAccounts::facts(const std::string& tier) const {
  const auto at = facts_.find(tier);
  return at == facts_.end() ? TierFacts{} : at->second;
}

std::set<std::string> TierAccounts::take_changed() { return std::exchange(changed_, {}); }

}  // namespace berth::control
