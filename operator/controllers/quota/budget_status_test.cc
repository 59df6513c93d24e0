#include "operator/controllers/quota/budget_status.h"

#include <gtest/gtest.h>

#include "json/time.h"

namespace berth::control {
namespace {

constexpr int64_t kHour = sched::Spent::kMillisPerHour;
constexpr int64_t kUsd = 1'000'000;

// Of the 16th of a month, noon: spent 10 of 100 device-hours at 4 devices.
BudgetFacts facts() {
  return {.budget = {.window = sched::BudgetWindow::Month, .device_ms = 100 * kHour},
          .spent = {.device_ms = 10 * kHour},
          .rate = {.devices = 4},
          .unpriced = "",
          .until = *parse_time("2026-11-16T12:00:00Z")};
}
std::string said(const BudgetFacts& facts) {
  api::QuotaStatus status;
  Stamp stamp{status.conditions, 1, facts.until};
  show_budget(facts, status, stamp);
  const api::Condition* found = api::find_condition(status.conditions, "BudgetSpent");
  return (found->is_true() ? "True " : "False ") + found->message;
}

TEST(BudgetStatus, SaysWhenItRunsOutAtThePresentRate) {
  EXPECT_EQ(said(facts()),
            "False spent 10.00 of 100.00 device-hours of this month: at 4 devices, as now, it runs "
            "out at 2026-11-17T10:30:00Z");
}

TEST(BudgetStatus, SaysThatItLasts) {
  BudgetFacts lasts = facts();
  lasts.budget.window = sched::BudgetWindow::Day;
  EXPECT_EQ(said(lasts),
            "False spent 10.00 of 100.00 device-hours of this day: at 4 devices, as now, it lasts "
            "until the window ends at 2026-11-17T00:00:00Z");
  lasts.rate = {};
  EXPECT_EQ(said(lasts), "False spent 10.00 of 100.00 device-hours of this day: nothing runs");
}

TEST(BudgetStatus, SaysWhatFollowsWhenItIsSpent) {
  BudgetFacts spent = facts();
  spent.spent.device_ms = 101 * kHour;
  EXPECT_EQ(said(spent),
            "True spent 101.00 of 100.00 device-hours of this month: nothing more starts before "
            "2026-12-01T00:00:00Z");
  EXPECT_EQ(held_text("blue", spent),
            "quota blue has spent its 100.00 device-hours of this month: the next begins at "
            "2026-12-01T00:00:00Z");
  spent.budget.on_spent = sched::Budget::OnSpent::Alert;
  EXPECT_EQ(said(spent),
            "True spent 101.00 of 100.00 device-hours of this month: work goes on starting, since "
            "onSpent is Alert");
}

TEST(BudgetStatus, SaysMoneyAndWhatHasNoPrice) {
  BudgetFacts money = facts();
  money.budget = {.window = sched::BudgetWindow::Week, .device_ms = {}, .micro_usd = 50 * kUsd};
  money.spent.micro_usd = 3 * kUsd + 204'999;
  money.rate = {};
  money.unpriced = "nvidia-l4";
  EXPECT_EQ(said(money),
            "False spent 3.20 of 50.00 USD of this week: nothing runs; no CapacityPool has a price "
            "for nvidia-l4");
}

TEST(BudgetStatus, KeepsTheExactSumAndUntilWhen) {
  api::QuotaStatus status;
  const BudgetFacts shown = facts();
  Stamp stamp{status.conditions, 1, shown.until};
  show_budget(shown, status, stamp);
  EXPECT_EQ(status.budget_used->device_hours, 10);
  EXPECT_EQ(status.budget_used->device_milliseconds, 10 * kHour);
  EXPECT_EQ(status.budget_used->window_start, *parse_time("2026-11-01T00:00:00Z"));
  EXPECT_EQ(status.budget_used->counted_until, shown.until);
  hide_budget(status, stamp);
  EXPECT_FALSE(status.budget_used);
  EXPECT_EQ(api::find_condition(status.conditions, "BudgetSpent")->reason, "NoBudget");
}

}  // namespace
}  // namespace berth::control
