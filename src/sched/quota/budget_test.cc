#include "sched/quota/budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace berth::sched {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;
using namespace std::chrono_literals;

Instant day(int year, unsigned month, unsigned of_month) {
  return sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{of_month}};
}

TEST(BudgetWindow, FollowsTheCalendarInUtc) {
  const Instant at = day(2026, 2, 26) + 13h;  // a Thursday
  EXPECT_EQ(window_start(BudgetWindow::Day, at), day(2026, 2, 26));
  EXPECT_EQ(window_end(BudgetWindow::Day, at), day(2026, 2, 27));
  EXPECT_EQ(window_start(BudgetWindow::Week, at), day(2026, 2, 23)) << "a Monday";
  EXPECT_EQ(window_end(BudgetWindow::Week, at), day(2026, 3, 2));
  EXPECT_EQ(window_start(BudgetWindow::Month, at), day(2026, 2, 1));
  EXPECT_EQ(window_end(BudgetWindow::Month, at), day(2026, 3, 1));
}

TEST(BudgetWindow, AnInstantOnABorderBelongsToTheWindowThatStartsThere) {
  EXPECT_EQ(window_start(BudgetWindow::Month, day(2024, 3, 1)), day(2024, 3, 1));
  EXPECT_EQ(window_start(BudgetWindow::Month, day(2024, 3, 1) - Millis{1}), day(2024, 2, 1));
  EXPECT_EQ(window_end(BudgetWindow::Month, day(2024, 2, 1)) - day(2024, 2, 1), 29 * 24h);
  EXPECT_EQ(window_start(BudgetWindow::Week, day(1969, 12, 31)), day(1969, 12, 29))
      << "before 1970 too";
}

TEST(SpendingLedger, SplitsASpanAtTheWindowsBorder) {
  SpendingLedger ledger(BudgetWindow::Day);
  ledger.charge(4, 2'000'000, day(2026, 3, 1) + 23h, day(2026, 3, 2) + 2h);
  EXPECT_EQ(ledger.spent(day(2026, 3, 1)), (Spent{4 * 3'600'000, 8'000'000, 0}));
  EXPECT_EQ(ledger.spent(day(2026, 3, 2)), (Spent{8 * 3'600'000, 16'000'000, 0}));
  EXPECT_EQ(ledger.spent(day(2026, 3, 3)), Spent{});
  ledger.forget_before(day(2026, 3, 2) + 1h);
  EXPECT_EQ(ledger.windows().size(), 1U);
}

TEST(SpendingLedger, GoesOnAfterARestartWhereItWas) {
  SpendingLedger before(BudgetWindow::Month);
  before.charge(1, 7, day(2026, 3, 1), day(2026, 3, 1) + Millis{1'234'567});
  SpendingLedger after(BudgetWindow::Month);
  after.restore(day(2026, 3, 1), before.spent(day(2026, 3, 9)));
  for (SpendingLedger* ledger : {&before, &after}) {
    ledger->charge(3, 11, day(2026, 3, 2), day(2026, 3, 3));
  }
  EXPECT_EQ(before.windows(), after.windows());
}

TEST(Budget, HoldsOrAlertsOnceSpent) {
  Budget budget{.window = BudgetWindow::Day, .device_ms = 1000, .on_spent = Budget::OnSpent::Hold};
  EXPECT_EQ(budget_verdict(budget, {.device_ms = 999}, {}), BudgetVerdict::Fits);
  EXPECT_EQ(budget_verdict(budget, {.device_ms = 1000}, {}), BudgetVerdict::Hold);
  EXPECT_EQ(budget_verdict(budget, {.device_ms = 500}, {.device_ms = 500}), BudgetVerdict::Fits);
  EXPECT_EQ(budget_verdict(budget, {.device_ms = 500}, {.device_ms = 501}), BudgetVerdict::Hold);
  budget.on_spent = Budget::OnSpent::Alert;
  EXPECT_EQ(budget_verdict(budget, {.device_ms = 1000}, {}), BudgetVerdict::Alert);
  EXPECT_EQ(budget_left(budget, {.device_ms = 1200}), (BudgetLeft{.device_ms = 0}));
}

TEST(Budget, ForeseesTheMillisecondAtWhichItIsSpent) {
  const Instant noon = day(2026, 3, 1) + 12h;
  Budget budget{.window = BudgetWindow::Day, .device_ms = 10'000, .micro_usd = 100};
  const Spent spent{.device_ms = 1};
  EXPECT_EQ(budget_spent_at(budget, spent, {.devices = 2}, noon), noon + Millis{5000});
  EXPECT_EQ(budget_spent_at(budget, spent, {.devices = 2, .micro_usd_per_hour = 360'000}, noon),
            noon + Millis{1000});
  EXPECT_EQ(budget_spent_at(budget, spent, {}, noon), std::nullopt);
  EXPECT_EQ(budget_spent_at(budget, {.device_ms = 10'000}, {}, noon), noon);
  budget.device_ms = 2 * 12 * 3'600'000;
  EXPECT_EQ(budget_spent_at(budget, {}, {.devices = 2}, noon), std::nullopt) << "just lasts";
}

TEST(Spent, NeverWraps) {
  Spent much = spend(INT64_MAX, INT64_MAX, Millis{INT64_MAX});
  much += much;
  EXPECT_EQ(much.device_ms, INT64_MAX);
  EXPECT_EQ(much.micro_usd, INT64_MAX);
}

class SpendingSeeds : public testing::TestWithParam<unsigned> {
 protected:
  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  std::mt19937_64 random_{GetParam()};
};

TEST_P(SpendingSeeds, TheLedgerIsTheIntegralHoweverSpansAreSplit) {
  const auto window =
      std::array{BudgetWindow::Day, BudgetWindow::Week, BudgetWindow::Month}[GetParam() % 3];
  SpendingLedger whole(window);
  SpendingLedger split(window);
  __extension__ __int128 integral = 0;
  int64_t device_ms = 0;
  for (int span = 0; span < 20; ++span) {
    const Instant from = day(2026, 1, 1) + Millis{pick(100LL * 24 * 3'600'000)};
    const Instant to = from + Millis{pick(40LL * 24 * 3'600'000)};
    const int64_t devices = pick(5000);
    const int64_t price = pick(9'000'000);
    whole.charge(devices, price, from, to);
    integral += __extension__ static_cast<__int128>(devices) * price * (to - from).count();
    device_ms += devices * (to - from).count();
    std::vector<Instant> cuts{from, to};
    for (int cut = 0; cut < 7; ++cut) cuts.push_back(from + Millis{pick((to - from).count() + 1)});
    std::sort(cuts.begin(), cuts.end());
    for (size_t i = 1; i < cuts.size(); ++i) split.charge(devices, price, cuts[i - 1], cuts[i]);
  }
  // A cut on a border may leave an empty window behind in neither.
  EXPECT_EQ(whole.windows(), split.windows());
  Spent sum;
  for (const auto& [start, spent] : whole.windows()) sum += spent;
  EXPECT_EQ(sum.device_ms, device_ms);
  EXPECT_EQ(sum.micro_usd, static_cast<int64_t>(integral / Spent::kMillisPerHour));
  EXPECT_EQ(sum.rest, static_cast<int64_t>(integral % Spent::kMillisPerHour));
}

TEST_P(SpendingSeeds, AtTheForeseenInstantItIsSpentAndAMillisecondBeforeItIsNot) {
  const Budget budget{.window = BudgetWindow::Month,
                      .device_ms = 1 + pick(1'000'000'000'000),
                      .micro_usd = 1 + pick(1'000'000'000)};
  const int64_t devices = 1 + pick(300);
  const int64_t price = pick(5'000'000);
  const Instant now = day(2026, 5, 1) + Millis{pick(20LL * 24 * 3'600'000)};
  SpendingLedger ledger(budget.window);
  ledger.charge(1, 1234, now - Millis{pick(1'000'000)}, now);
  const auto at = budget_spent_at(budget, ledger.spent(now), {devices, devices * price}, now);
  const Instant stop = at ? *at : window_end(budget.window, now);
  if (stop == now) return;
  ledger.charge(devices, price, now, stop - Millis{1});
  EXPECT_FALSE(budget_left(budget, ledger.spent(now)).is_spent());
  if (!at) return;
  ledger.charge(devices, price, stop - Millis{1}, stop);
  EXPECT_TRUE(budget_left(budget, ledger.spent(now)).is_spent());
}

INSTANTIATE_TEST_SUITE_P(Seeds, SpendingSeeds, testing::Range(0U, 60U));

}  // namespace
}  // namespace berth::sched
