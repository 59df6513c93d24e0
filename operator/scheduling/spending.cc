#include "operator/scheduling/spending.h"

#include <algorithm>
#include <utility>

#include "operator/controllers/quota/budget_status.h"
#include "sched/share_class.h"

namespace berth::control {
namespace {

sched::BudgetWindow to_sched(api::BudgetWindow window) {
  switch (window) {
    case api::BudgetWindow::Day: return sched::BudgetWindow::Day;
    case api::BudgetWindow::Week: return sched::BudgetWindow::Week;
    case api::BudgetWindow::Month: return sched::BudgetWindow::Month;
  }
  __builtin_unreachable();
}

bool same_bounds(const sched::Budget& a, const sched::Budget& b) {
  return a.window == b.window && a.device_ms == b.device_ms && a.micro_usd == b.micro_usd &&
         a.on_spent == b.on_spent;
}

}  // namespace

bool is_spent(const BudgetFacts& facts) {
  return sched::budget_left(facts.budget, facts.spent).is_spent();
}

Prices prices_of(const Stores& stores) {
  Prices prices;
  for (const api::CapacityPool& pool : stores.pools.all()) {
    if (!pool.spec.micro_usd_per_device_hour) continue;
    const auto is_at_least = [&](const sched::DeviceClass& device_class, int64_t price) {
      int64_t& known = prices[device_class];
      known = std::max(known, price);
    };
    const int64_t whole = *pool.spec.micro_usd_per_device_hour;
    is_at_least(pool.spec.device_class, whole);
    for (const api::PoolShare& share : pool.spec.shares) {
      is_at_least(sched::share_class(pool.spec.device_class, share.resource),
                  sched::price_of_share(whole, share.compute_percent));
    }
  }
  return prices;
}

sched::Budget to_sched(const api::Budget& budget) {
  sched::Budget made{.window = to_sched(budget.window)};
  if (budget.device_hours) {
    made.device_ms = multiply_saturating(*budget.device_hours, sched::Spent::kMillisPerHour);
  }
  made.micro_usd = budget.micro_usd;
  if (budget.on_spent == api::OnSpent::Alert) made.on_spent = sched::Budget::OnSpent::Alert;
  return made;
}

Spending::Spending(Stores& stores, const Books& books, const Settings& settings, const Clock& clock)
    : stores_(stores), books_(books), settings_(settings), clock_(clock) {
  stores.quotas.subscribe([this](const api::Quota* before, const api::Quota* after) {
    const bool same = before != nullptr && after != nullptr &&
                      before->spec.budget == after->spec.budget &&
                      before->meta.uid == after->meta.uid;
    if (!same) quotas_changed_ = true;
  });
}

const BudgetFacts* Spending::of(const std::string& quota) const {
  const auto at = accounts_.find(quota);
  return at == accounts_.end() ? nullptr : &at->second.facts;
}

int64_t Spending::price(const sched::DeviceClass& device_class) const {
  const auto at = prices_.find(device_class);
  return at == prices_.end() ? 0 : at->second;
}

void Spending::charge(Account& account, Instant from, Instant to) const {
  for (const auto& [device_class, devices] : account.devices) {
    account.ledger.charge(devices, price(device_class), from, to);
  }
}

Spending::Account Spending::open(const api::Quota& quota, Instant now) const {
  const sched::Budget budget = control::to_sched(*quota.spec.budget);
  Account account(budget.window);
  account.facts.budget = budget;
  const auto& used = quota.status.budget_used;
  if (!used || !used->counted_until || !used->window_start) return account;
  const Instant until = *used->counted_until;
  // What a longer window has counted may lie before this one.
  if (*used->window_start >= sched::window_start(budget.window, until)) {
    account.ledger.restore(until, {used->device_milliseconds, used->micro_usd, 0});
  }
  const auto& uses = quota.status.limits;
  for (const api::QuotaUse& use : uses) {
    // What is in a region counts in the entry of all regions too, where there is one.
    const bool is_counted =
        !use.region.empty() && std::any_of(uses.begin(), uses.end(), [&](const auto& other) {
          return other.device_class == use.device_class && other.region.empty();
        });
    if (!is_counted) account.ledger.charge(use.used, price(use.device_class), until, now);
  }
  return account;
}

void Spending::follow_quotas(Instant now) {
  if (!std::exchange(quotas_changed_, false)) return;
  std::map<std::string, Account> accounts;
  for (const api::Quota& quota : stores_.quotas.all()) {
    const std::string& name = quota.meta.name;
    if (!quota.spec.budget) {
      if (quota.status.budget_used) newly_due_.insert(name);  // to be taken off its status
      continue;
    }
    const auto known = accounts_.find(name);
    if (known == accounts_.end()) {
      accounts.emplace(name, open(quota, now));
      continue;
    }
    Account& account = known->second;
    const sched::Budget budget = control::to_sched(*quota.spec.budget);
    if (budget.window != account.facts.budget.window) {
      const Instant began = sched::window_start(account.facts.budget.window, now);
      const sched::Spent spent = account.ledger.spent(now);
      account.ledger = sched::SpendingLedger(budget.window);
      if (began >= sched::window_start(budget.window, now)) account.ledger.restore(now, spent);
    }
    if (!same_bounds(budget, account.facts.budget)) account.stored_at = Monotonic::min();
    account.facts.budget = budget;
    accounts.emplace(name, std::move(account));
  }
  accounts_ = std::move(accounts);
  counted_version_ = 0;
}

// Charged devices of each account, with all leaves below it.
void Spending::count_devices() {
  if (counted_version_ == books_.version()) return;
  counted_version_ = books_.version();
  for (auto& [name, account] : accounts_) account.devices.clear();
  for (const auto& [leaf, use] : books_.ledger().quotas()) {
    if (use.admitted.empty()) continue;
    for (const sched::QuotaId& id : books_.tenancy().path(leaf)) {
      const auto account = accounts_.find(id.name);
      if (account == accounts_.end()) continue;
      for (const auto& [device_class, devices] : use.admitted) {
        if (devices > 0) account->second.devices[device_class] += devices;
      }
    }
  }
}

void Spending::settle(const std::string& name, Account& account, Instant until) {
  const Monotonic mono = clock_.monotonic();
  BudgetFacts& facts = account.facts;
  facts.until = until;
  account.ledger.forget_before(facts.until);
  facts.spent = account.ledger.spent(facts.until);
  facts.rate = {};
  facts.unpriced.clear();
  for (const auto& [device_class, devices] : account.devices) {
    facts.rate.devices = add_saturating(facts.rate.devices, devices);
    const int64_t cost = multiply_saturating(devices, price(device_class));
    facts.rate.micro_usd_per_hour = add_saturating(facts.rate.micro_usd_per_hour, cost);
    const bool is_unpriced = facts.budget.micro_usd && !prices_.contains(device_class);
    if (is_unpriced && facts.unpriced.empty()) facts.unpriced = device_class;
  }
  const bool spent = is_spent(facts);
  const bool is_new = account.stored_at == Monotonic::min();
  const bool is_old =
      !(facts.spent == account.stored) && mono >= account.stored_at + settings_.budget_refresh;
  if (!is_new && !is_old && spent == account.was_spent) return;
  account.was_spent = spent;
  account.stored_at = mono;  // or when it was last found to be due
  account.stored = facts.spent;
  if (due_.insert(name).second) newly_due_.insert(name);
}

void Spending::tell() {
  std::map<sched::QuotaId, sched::SpentBudget> spent;
  for (const auto& [name, account] : accounts_) {
    const BudgetFacts& facts = account.facts;
    if (facts.budget.on_spent != sched::Budget::OnSpent::Hold || !is_spent(facts)) continue;
    spent.emplace(sched::QuotaId{name},
                  sched::SpentBudget{held_text(name, facts),
                                     sched::window_end(facts.budget.window, facts.until)});
  }
  if (spent == spent_) return;
  spent_ = std::move(spent);
  if (on_spent) on_spent(spent_);
}

Monotonic Spending::tick(const Span& span, const Prices& prices) {
  if (accounts_.empty() && !quotas_changed_) return Monotonic::max();
  const Instant now = span.to;
  const Monotonic mono = clock_.monotonic();
  prices_ = prices;
  for (auto& [name, account] : accounts_) charge(account, span.from, span.to);
  follow_quotas(now);
  count_devices();
  Monotonic next = Monotonic::max();
  for (auto& [name, account] : accounts_) {
    settle(name, account, now);
    const BudgetFacts& facts = account.facts;
    Instant then = sched::window_end(facts.budget.window, now);
    const auto runs_out = sched::budget_spent_at(facts.budget, facts.spent, facts.rate, now);
    if (runs_out && *runs_out > now) then = std::min(then, *runs_out);
    next = std::min(next, mono + std::max(Millis{1}, then - now));
    if (facts.rate.devices > 0) next = std::min(next, account.stored_at + settings_.budget_refresh);
  }
  tell();
  return std::max(next, mono + Millis{1});
}

void Spending::written(const std::string& quota) { due_.erase(quota); }

std::set<std::string> Spending::take_due() { return std::exchange(newly_due_, {}); }

}  // namespace berth::control
