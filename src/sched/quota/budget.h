#pragma once
#include <cstdint>
#include <map>
#include <optional>

#include "base/clock.h"

namespace berth::sched {

// Calendar windows in UTC. A week starts on Monday (ISO 8601).
enum class BudgetWindow { Day, Week, Month };
Instant window_start(BudgetWindow window, Instant at);  // the last one at or before
Instant window_end(BudgetWindow window, Instant at);    // the first one after

// What was spent, with nothing rounded: sums of whole spans, however they were split, are equal.
struct Spent {
  static constexpr int64_t kMillisPerHour = 3'600'000;

  int64_t device_ms = 0;
  int64_t micro_usd = 0;
  int64_t rest = 0;  // of a micro-dollar, in 3,600,000ths: micro-dollars per hour x milliseconds

  Spent& operator+=(const Spent& more);
  bool operator==(const Spent&) const = default;
};
// `devices` for `span` at a price per device and hour. Less than nothing of any is nothing.
Spent spend(int64_t devices, int64_t micro_usd_per_device_hour, Millis span);

struct Budget {
  BudgetWindow window = BudgetWindow::Month;
  std::optional<int64_t> device_ms;  // absent: no such bound
  std::optional<int64_t> micro_usd;
  enum class OnSpent { Hold, Alert } on_spent = OnSpent::Hold;
};

// What is spent at present: the sums over what runs.
struct SpendingRate {
  int64_t devices = 0;
  int64_t micro_usd_per_hour = 0;
};

// One tenant's spending by window.
class SpendingLedger {
 public:
  explicit SpendingLedger(BudgetWindow window) : window_(window) {}

  // `devices` were held in [from, to). Cost: O(windows touched x log windows).
  void charge(int64_t devices, int64_t micro_usd_per_device_hour, Instant from, Instant to);
  // In the window around `at`.
  Spent spent(Instant at) const;
  // Windows that ended at or before `until` are no longer needed.
  void forget_before(Instant until);
  // What a restart reads back: spent in the window around `at`, in place of what is known.
  void restore(Instant at, const Spent& spent);

  const std::map<Instant, Spent>& windows() const { return spent_; }  // by start

 private:
  BudgetWindow window_;
  std::map<Instant, Spent> spent_;
};

// What is left of the budget, never less than 0; absent where the budget has no such bound.
struct BudgetLeft {
  std::optional<int64_t> device_ms;
  std::optional<int64_t> micro_usd;
  bool is_spent() const { return device_ms == 0 || micro_usd == 0; }
  bool operator==(const BudgetLeft&) const = default;
};
BudgetLeft budget_left(const Budget& budget, const Spent& spent);

// The first millisecond at which the budget is spent at the present rate; nothing when it outlasts
// the window. At once when it is spent already.
std::optional<Instant> budget_spent_at(const Budget& budget, const Spent& spent,
                                       const SpendingRate& rate, Instant now);

enum class BudgetVerdict {
  Fits,
  Alert,  // it may start, but the tenant has to be told: spent, or would be spent by it
  Hold,
};
// What an ask may do that would spend `wants` in the rest of this window (an ask of unknown length:
// nothing, and it fits while anything is left).
BudgetVerdict budget_verdict(const Budget& budget, const Spent& spent, const Spent& wants);

}  // namespace berth::sched
