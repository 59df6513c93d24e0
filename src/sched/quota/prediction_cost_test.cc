#include "sched/quota/prediction_cost.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <random>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;
constexpr Instant kNoon = std::chrono::sys_days{std::chrono::year{2026} / 6 / 15} + 12h;

TEST(PredictionCost, IsThePriceOfWhatIsHeldPerThousandAnswers) {
  // Two devices at 3 dollars an hour for an hour, half of it with work in hand.
  const PredictionFacts facts{.today = spend(2, 3'000'000, 1h),
                              .month = spend(2, 3'000'000, 10h),
                              .answered = 400'000,
                              .busy_device_ms = 3'600'000};
  const auto costs = prediction_costs(std::vector{facts});
  EXPECT_EQ(costs[0], (PredictionCost{.micro_usd_today = 6'000'000,
                                      .micro_usd_month = 60'000'000,
                                      .micro_usd_per_1k_predictions = 15'000,
                                      .utilization_percent = 50}));
}

TEST(PredictionCost, SaysNothingPerAnswerWithoutOne) {
  const auto costs = prediction_costs(std::vector<PredictionFacts>(1));
  EXPECT_EQ(costs[0], PredictionCost{});
}

TEST(PredictionCost, GivesTheMicroDollarThatRoundingTookToWhoLostMostByIt) {
  const std::vector<Spent> spent = {{.micro_usd = 5, .rest = 1'000'000},
                                    {.micro_usd = 7, .rest = 3'500'000},
                                    {.micro_usd = 9, .rest = 2'800'000}};
  // 21 and 7.3 million 3,600,000ths, which are two more.
  EXPECT_EQ(whole_micro_usd(spent), (std::vector<int64_t>{5, 8, 10}));
}

// Endpoints charge their own ledger and that of all, in spans cut at random.
TEST(PredictionCost, AddsUpToTheLedgerToTheMicroDollar) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    SpendingLedger all_today(BudgetWindow::Day);
    SpendingLedger all_month(BudgetWindow::Month);
    std::vector<PredictionFacts> endpoints;
    for (uint64_t n = 1 + random() % 40; n > 0; --n) {
      SpendingLedger today(BudgetWindow::Day);
      SpendingLedger month(BudgetWindow::Month);
      Instant from = kNoon - Millis{static_cast<int64_t>(random() % 1'000'000'000)};
      for (int part = 0; part < 5; ++part) {
        const Instant to = from + Millis{static_cast<int64_t>(random() % 20'000'000)};
        const auto devices = static_cast<int64_t>(random() % 9);
        const auto price = static_cast<int64_t>(random() % 40'000'000);
        for (SpendingLedger* ledger : {&today, &month, &all_today, &all_month}) {
          ledger->charge(devices, price, from, to);
        }
        from = to;
      }
      endpoints.push_back({.today = today.spent(kNoon), .month = month.spent(kNoon)});
    }
    int64_t sum_today = 0;
    int64_t sum_month = 0;
    for (const PredictionCost& cost : prediction_costs(endpoints)) {
      sum_today += cost.micro_usd_today;
      sum_month += cost.micro_usd_month;
    }
    ASSERT_EQ(sum_today, all_today.spent(kNoon).micro_usd);
    ASSERT_EQ(sum_month, all_month.spent(kNoon).micro_usd);
  }
}

}  // namespace
}  // namespace berth::sched
