#pragma once
#include <functional>
#include <map>
#include <string>

#include "api/inferenceendpoint.h"
#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/span.h"
#include "operator/scheduling/spending.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/object_key.h"
#include "sched/quota/prediction_cost.h"

namespace berth::control {

// Counts what the replicas of every InferenceEndpoint cost: what the books charge them x time, at
// the price of their class, over the very spans that Spending counts. So the endpoints' costs of a
// day add up to what their Quotas have spent in it, to the micro-dollar.
//
// A new leader goes on from what the status says, as Spending does.
class EndpointCosts {
 public:
  EndpointCosts(Stores& stores, const Books& books, const Settings& settings, const Clock& clock);
  EndpointCosts(const EndpointCosts&) = delete;
  EndpointCosts& operator=(const EndpointCosts&) = delete;

  // Called with the endpoints of which there is something new to write.
  std::function<void(const runtime::ObjectKey&)> wake;

  // Counts the span, which ends now. Returns when to call again at the latest.
  Monotonic tick(const Span& span, const Prices& prices);

  // Requests of an endpoint, by UID, that were answered without error.
  void answered(const std::string& uid, int64_t predictions);
  // Device time in which its replicas computed.
  void computed(const std::string& uid, Millis device_time);

  // What is to be written; nothing before anything was held.
  const api::EndpointCost* of(const std::string& uid) const;

 private:
  using Devices = std::map<sched::DeviceClass, int64_t>;
  struct Account {
    sched::SpendingLedger days{sched::BudgetWindow::Day};
    sched::SpendingLedger months{sched::BudgetWindow::Month};
    Devices devices;  // charged now
    Instant day{};    // that `predictions` and `computed` are of
    int64_t predictions = 0;
    Millis computed{0};
    std::optional<api::EndpointCost> shown;
    bool has_turned = false;  // another charge began: when has to be known
  };

  void on_endpoint(const api::InferenceEndpoint* before, const api::InferenceEndpoint* after);
  void count_devices();
  void restore(const api::EndpointCost& stored, const Prices& prices, Instant now,
               Account& account) const;
  static void charge(Account& account, const Prices& prices, Instant from, Instant to);
  void begin_days(Instant now);
  void show(const Prices& prices, Instant now, bool all);
  void show(const std::string& uid, Account& account, bool has_turned,
            api::EndpointCost cost) const;

  Stores& stores_;
  const Books& books_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, Account> accounts_;            // by the endpoint's UID
  std::map<std::string, api::EndpointCost> restored_;  // read back, not counted yet
  uint64_t counted_version_ = 0;
  Monotonic due_{};
};

}  // namespace berth::control
