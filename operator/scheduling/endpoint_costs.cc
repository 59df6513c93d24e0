#include "operator/scheduling/endpoint_costs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/saturating.h"

namespace berth::control {
namespace {

int64_t price_of(const Prices& prices, const sched::DeviceClass& device_class) {
  const auto at = prices.find(device_class);
  return at == prices.end() ? 0 : at->second;
}

std::string unpriced(const std::map<sched::DeviceClass, int64_t>& devices, const Prices& prices) {
  for (const auto& [device_class, count] : devices) {
    if (!prices.contains(device_class)) return device_class;
  }
  return {};
}

Instant day_of(Instant at) { return sched::window_start(sched::BudgetWindow::Day, at); }

}  // namespace

EndpointCosts::EndpointCosts(Stores& stores, const Books& books, const Settings& settings,
                             const Clock& clock)
    : stores_(stores), books_(books), settings_(settings), clock_(clock) {
  stores.endpoints.subscribe([this](const auto* a, const auto* b) { on_endpoint(a, b); });
}

void EndpointCosts::on_endpoint(const api::InferenceEndpoint* before,
                                const api::InferenceEndpoint* after) {
  if (after == nullptr) {
    accounts_.erase(before->meta.uid);
    restored_.erase(before->meta.uid);
    return;
  }
  const auto [at, is_new] = accounts_.try_emplace(after->meta.uid);
  if (!is_new) return;
  at->second.day = day_of(clock_.now());
  counted_version_ = 0;
  if (after->status.cost) restored_.emplace(after->meta.uid, *after->status.cost);
}

void EndpointCosts::charge(Account& account, const Prices& prices, Instant from, Instant to) {
  for (const auto& [device_class, devices] : account.devices) {
    const int64_t price = price_of(prices, device_class);
    account.days.charge(devices, price, from, to);
    account.months.charge(devices, price, from, to);
  }
}

// What the books charge the replicas of each.
void EndpointCosts::count_devices() {
  if (counted_version_ == books_.version()) return;
  counted_version_ = books_.version();
  for (auto& [uid, account] : accounts_) {
    const api::InferenceEndpoint* endpoint = stores_.endpoints.find_uid(uid);
    if (endpoint == nullptr) continue;
    Devices devices;
    for (const api::GpuJob* job : replicas_of(stores_, *endpoint)) {
      for (const sched::Charge& held : books_.ledger().held_by(job->meta.uid)) {
        const bool counts = held.kind == sched::ChargeKind::Admitted && held.devices > 0;
        if (counts) devices[held.device_class] += held.devices;
      }
    }
    if (devices == account.devices) continue;
    account.devices = std::move(devices);
    account.has_turned = true;
  }
}

// The time since it was written is counted with what is charged now: see Spending.
void EndpointCosts::restore(const api::EndpointCost& stored, const Prices& prices, Instant now,
                            Account& account) const {
  if (!stored.counted_until) return;
  const Instant until = *stored.counted_until;
  account.days.restore(until, {stored.device_milliseconds_today, stored.micro_usd_today, 0});
  account.months.restore(until, {0, stored.micro_usd_month, 0});
  account.day = day_of(until);
  account.predictions = stored.predictions_today;
  account.computed = Millis(multiply_saturating(stored.device_milliseconds_today,
                                                stored.utilization_percent.value_or(0)) /
                            100);
  charge(account, prices, until, now);
}

Monotonic EndpointCosts::tick(const Span& span, const Prices& prices) {
  if (accounts_.empty()) return Monotonic::max();
  for (auto& [uid, account] : accounts_) charge(account, prices, span.from, span.to);
  count_devices();
  for (const auto& [uid, stored] : std::exchange(restored_, {})) {
    restore(stored, prices, span.to, accounts_[uid]);
  }
  const Monotonic now = clock_.monotonic();
  const bool has_turned = std::any_of(accounts_.begin(), accounts_.end(),
                                      [](const auto& one) { return one.second.has_turned; });
  const bool is_due = now >= due_;
  if (!is_due && !has_turned) return due_;
  if (is_due) due_ = now + settings_.endpoint_refresh;
  begin_days(span.to);
  show(prices, span.to, is_due);
  return due_;
}

void EndpointCosts::begin_days(Instant now) {
  for (auto& [uid, account] : accounts_) {
    account.days.forget_before(now);
    account.months.forget_before(now);
    if (account.day == day_of(now)) continue;
    account.day = day_of(now);
    account.predictions = 0;
    account.computed = Millis{0};
  }
}

// All at once: rounding is shared out among all of them.
void EndpointCosts::show(const Prices& prices, Instant now, bool all) {
  std::vector<sched::PredictionFacts> facts;
  facts.reserve(accounts_.size());
  for (const auto& [uid, account] : accounts_) {
    facts.push_back({.today = account.days.spent(now),
                     .month = account.months.spent(now),
                     .answered = account.predictions,
                     .busy_device_ms = account.computed.count()});
  }
  const auto costs = sched::prediction_costs(facts);
  size_t at = 0;
  for (auto& [uid, account] : accounts_) {
    const size_t of = at++;
    const bool has_turned = std::exchange(account.has_turned, false);
    if (!all && !has_turned) continue;
    const sched::PredictionCost& cost = costs[of];
    show(uid, account, has_turned,
         {.micro_usd_per_1k_predictions = cost.micro_usd_per_1k_predictions,
          .micro_usd_today = cost.micro_usd_today,
          .micro_usd_month = cost.micro_usd_month,
          .utilization_percent = cost.utilization_percent,
          .predictions_today = account.predictions,
          .device_milliseconds_today = facts[of].today.device_ms,
          .unpriced = unpriced(account.devices, prices),
          .counted_until = now});
  }
}

// Where nothing is held and nothing else is new, it need not be known until when it was counted.
void EndpointCosts::show(const std::string& uid, Account& account, bool has_turned,
                         api::EndpointCost cost) const {
  api::EndpointCost before = account.shown.value_or(api::EndpointCost{});
  before.counted_until = cost.counted_until;
  if (!has_turned && account.devices.empty() && cost == before) return;
  account.shown = std::move(cost);
  const api::InferenceEndpoint* endpoint = stores_.endpoints.find_uid(uid);
  if (endpoint != nullptr && wake) wake(runtime::key_of(endpoint->meta));
}

void EndpointCosts::answered(const std::string& uid, int64_t predictions) {
  const auto at = accounts_.find(uid);
  if (at == accounts_.end()) return;
  at->second.predictions = add_saturating(at->second.predictions, predictions);
}

void EndpointCosts::computed(const std::string& uid, Millis device_time) {
  const auto at = accounts_.find(uid);
  if (at == accounts_.end()) return;
  at->second.computed = Millis(add_saturating(at->second.computed.count(), device_time.count()));
}

const api::EndpointCost* EndpointCosts::of(const std::string& uid) const {
  const auto at = accounts_.find(uid);
  return at == accounts_.end() || !at->second.shown ? nullptr : &*at->second.shown;
}

}  // namespace berth::control
