#include "sched/quota/budget.h"

#include <algorithm>
#include <chrono>

#include "base/saturating.h"

namespace berth::sched {
namespace {

__extension__ using Wide = __int128;

using std::chrono::days;
using std::chrono::floor;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int64_t narrow(Wide wide) {
  return wide > Wide{kUnlimited} ? kUnlimited : static_cast<int64_t>(wide);
}

sys_days first_day(BudgetWindow window, Instant at) {
  const sys_days day = floor<days>(at);
  switch (window) {
    case BudgetWindow::Day: return day;
    case BudgetWindow::Week: return day - (std::chrono::weekday{day} - std::chrono::Monday);
    case BudgetWindow::Month: {
      const year_month_day date{day};
      return sys_days{date.year() / date.month() / 1};
    }
  }
  __builtin_unreachable();
}

sys_days day_after(BudgetWindow window, sys_days first) {
  switch (window) {
    case BudgetWindow::Day: return first + days{1};
    case BudgetWindow::Week: return first + days{7};
    case BudgetWindow::Month: return sys_days{year_month_day{first} + months{1}};
  }
  __builtin_unreachable();
}

Millis until(Wide left, Wide per_ms) { return Millis{narrow((left + per_ms - 1) / per_ms)}; }

}  // namespace

Instant window_start(BudgetWindow window, Instant at) { return first_day(window, at); }
Instant window_end(BudgetWindow window, Instant at) {
  return day_after(window, first_day(window, at));
}

Spent& Spent::operator+=(const Spent& more) {
  device_ms = add_saturating(device_ms, more.device_ms);
  rest += more.rest;
  micro_usd = add_saturating(add_saturating(micro_usd, more.micro_usd), rest / kMillisPerHour);
  rest %= kMillisPerHour;
  return *this;
}

Spent spend(int64_t devices, int64_t micro_usd_per_device_hour, Millis span) {
  const auto at_least_0 = [](int64_t number) { return std::max<int64_t>(0, number); };
  const int64_t device_ms = multiply_saturating(at_least_0(devices), at_least_0(span.count()));
  const Wide cost = Wide{device_ms} * at_least_0(micro_usd_per_device_hour);
  return {device_ms, narrow(cost / Spent::kMillisPerHour),
          static_cast<int64_t>(cost % Spent::kMillisPerHour)};
}

void SpendingLedger::charge(int64_t devices, int64_t micro_usd_per_device_hour, Instant from,
                            Instant to) {
  while (from < to) {
    const Instant stop = std::min(to, window_end(window_, from));
    spent_[window_start(window_, from)] += spend(devices, micro_usd_per_device_hour, stop - from);
    from = stop;
  }
}

Spent SpendingLedger::spent(Instant at) const {
  const auto found = spent_.find(window_start(window_, at));
  return found == spent_.end() ? Spent{} : found->second;
}

void SpendingLedger::forget_before(Instant until) {
  spent_.erase(spent_.begin(), spent_.lower_bound(window_start(window_, until)));
}

void SpendingLedger::restore(Instant at, const Spent& spent) {
  spent_[window_start(window_, at)] = spent;
}

BudgetLeft budget_left(const Budget& budget, const Spent& spent) {
  BudgetLeft left;
  if (budget.device_ms) left.device_ms = std::max<int64_t>(0, *budget.device_ms - spent.device_ms);
  if (budget.micro_usd) left.micro_usd = std::max<int64_t>(0, *budget.micro_usd - spent.micro_usd);
  return left;
}

std::optional<Instant> budget_spent_at(const Budget& budget, const Spent& spent,
                                       const SpendingRate& rate, Instant now) {
  if (budget_left(budget, spent).is_spent()) return now;
  const Instant end = window_end(budget.window, now);
  std::optional<Millis> first;
  const auto reach = [&](Wide left, int64_t per_ms) {
    if (per_ms <= 0) return;
    const Millis wait = until(left, per_ms);
    if (!first || wait < *first) first = wait;
  };
  if (budget.device_ms) reach(Wide{*budget.device_ms} - spent.device_ms, rate.devices);
  if (budget.micro_usd) {
    const Wide left = (Wide{*budget.micro_usd} - spent.micro_usd) * Spent::kMillisPerHour;
    reach(left - spent.rest, rate.micro_usd_per_hour);
  }
  if (!first || *first >= end - now) return std::nullopt;
  return now + *first;
}

BudgetVerdict budget_verdict(const Budget& budget, const Spent& spent, const Spent& wants) {
  Spent after = spent;
  after += wants;
  const bool is_over = (budget.device_ms && after.device_ms > *budget.device_ms) ||
                       (budget.micro_usd && after.micro_usd > *budget.micro_usd) ||
                       budget_left(budget, spent).is_spent();
  if (!is_over) return BudgetVerdict::Fits;
  return budget.on_spent == Budget::OnSpent::Hold ? BudgetVerdict::Hold : BudgetVerdict::Alert;
}

}  // namespace berth::sched
