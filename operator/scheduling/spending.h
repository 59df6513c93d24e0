#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "api/quota.h"
#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/span.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "sched/core/world.h"
#include "sched/quota/budget.h"

namespace berth::control {

// What one Quota's budget has come to.
struct BudgetFacts {
  sched::Budget budget;
  sched::Spent spent;  // in the window around `until`
  sched::SpendingRate rate;
  std::string unpriced;  // a class that is held and has no price, where money is bounded
  Instant until;         // all before is counted
};
bool is_spent(const BudgetFacts& facts);

// Micro-dollars per device and hour.
using Prices = std::map<sched::DeviceClass, int64_t>;
// As the CapacityPools say; of two pools of one class the dearer. A share costs its part of the
// device's computing.
Prices prices_of(const Stores& stores);

sched::Budget to_sched(const api::Budget& budget);

// Counts what the Quotas with a budget spend, each with all below it: charged devices x time, in
// device-time and at the price of their class.
//
// A new leader goes on from what the status says. Since a status carries what is charged and what
// is spent as of the same write, the time since then is counted with that charge: while nobody
// leads nothing starts, and what runs is charged. The error is what changed within one interval of
// Settings::quota_refresh before the last leader was gone.
class Spending {
 public:
  Spending(Stores& stores, const Books& books, const Settings& settings, const Clock& clock);
  Spending(const Spending&) = delete;
  Spending& operator=(const Spending&) = delete;

  // Which Quotas have spent their budget is new.
  std::function<void(const std::map<sched::QuotaId, sched::SpentBudget>&)> on_spent;

  // Counts the span, which ends now. Returns when something will happen by itself.
  Monotonic tick(const Span& span, const Prices& prices);
  const BudgetFacts* of(const std::string& quota) const;
  // What is stored of it is so old or so wrong that it should be written.
  bool is_due(const std::string& quota) const { return due_.contains(quota); }
  void written(const std::string& quota);
  // Quotas that have become due since the last call.
  std::set<std::string> take_due();

 private:
  struct Account {
    explicit Account(sched::BudgetWindow window) : ledger(window) {}
    BudgetFacts facts;
    sched::SpendingLedger ledger;
    std::map<sched::DeviceClass, int64_t> devices;  // charged now
    sched::Spent stored;                            // as last written
    Monotonic stored_at = Monotonic::min();
    bool was_spent = false;
  };

  void follow_quotas(Instant now);
  Account open(const api::Quota& quota, Instant now) const;
  void charge(Account& account, Instant from, Instant to) const;
  void count_devices();
  void settle(const std::string& name, Account& account, Instant until);
  void tell();
  int64_t price(const sched::DeviceClass& device_class) const;

  Stores& stores_;
  const Books& books_;
  const Settings& settings_;
  const Clock& clock_;
  bool quotas_changed_ = true;
  Prices prices_;
  std::map<std::string, Account> accounts_;
  uint64_t counted_version_ = 0;
  std::set<std::string> due_;
  std::set<std::string> newly_due_;
  std::map<sched::QuotaId, sched::SpentBudget> spent_;
};

}  // namespace berth::control
