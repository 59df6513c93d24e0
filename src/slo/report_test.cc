#include "slo/report.h"

#include <gmock/gmock.h>

#include <chrono>

#include "slo/percentile.h"

namespace berth::slo {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Optional;
constexpr Instant kJune = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1};

Objectives three_nines() { return {.availability_basis_points = 9990}; }

// A hundred thousand requests a minute, of which so many fail, in [from, to).
void serve(History& history, Instant from, Instant to, int64_t errors, int64_t late = 0) {
  for (Instant at = from; at < to; at += 1min) history.add({100'000, errors, late}, at);
}

TEST(SloReport, HasTheThresholdsOfTheWorkbookForThirtyDays) {
  EXPECT_EQ(threshold_percent(kBurnPairs[0], 30), 1440);
  EXPECT_EQ(threshold_percent(kBurnPairs[1], 30), 600);
  EXPECT_EQ(threshold_percent(kBurnPairs[2], 30), 300);
  EXPECT_EQ(threshold_percent(kBurnPairs[3], 30), 100);
  EXPECT_EQ(threshold_percent(kBurnPairs[0], 28), 1344);
}

TEST(SloReport, OfAShortWindowFiresForNoRateThatKeepsThePromise) {
  for (const int64_t days : {1, 7, 90}) {
    History history;
    serve(history, kJune, kJune + 24h * 4, 90);  // 0.09 % of 0.1 % that may be
    Objectives objectives = three_nines();
    objectives.window_days = days;
    objectives.freeze_below_budget_percent = 0;
    EXPECT_EQ(report(objectives, history, kJune + 24h * 4).reason, Reason::BudgetHealthy) << days;
  }
}

TEST(SloReport, CallsABudgetHealthyThatIsSpentSlowly) {
  History history(30);
  serve(history, kJune, kJune + 24h * 8, 50);
  const Report made = report(three_nines(), history, kJune + 24h * 8);
  EXPECT_EQ(made.reason, Reason::BudgetHealthy);
  EXPECT_THAT(made.is_met, Optional(true));
  EXPECT_THAT(made.budget_remaining_basis_points, Optional(5000));
  EXPECT_THAT(made.availability_basis_points, Optional(9995));
  EXPECT_THAT(made.burn_1h_percent, Optional(50));
  EXPECT_FALSE(made.is_frozen);
  EXPECT_THAT(made.message, HasSubstr("50.00 % of the error budget of 30 d is left"));
}

TEST(SloReport, PagesForAFastBurnOnceBothWindowsShowIt) {
  History history(30);
  const Instant trouble = kJune + 24h * 20;
  serve(history, kJune, trouble, 0);
  serve(history, trouble, trouble + 1min, 50'000);
  EXPECT_EQ(report(three_nines(), history, trouble + 30s).reason, Reason::BudgetHealthy);
  serve(history, trouble + 1min, trouble + 7min, 50'000);
  const Report made = report(three_nines(), history, trouble + 7min);
  EXPECT_EQ(made.reason, Reason::FastBurn);
  EXPECT_THAT(made.is_met, Optional(false));
  EXPECT_THAT(made.message, HasSubstr("requests with errors burn the budget"));
  EXPECT_THAT(made.message, HasSubstr("over 1 h, the limit is 14.4"));
}

TEST(SloReport, StopsPagingSoonAfterTheTroubleBecauseOfTheShortWindow) {
  History history(30);
  const Instant trouble = kJune + 24h * 29;
  serve(history, kJune, trouble, 0);
  serve(history, trouble, trouble + 5min, 20'000);
  EXPECT_EQ(report(three_nines(), history, trouble + 5min).reason, Reason::FastBurn);
  serve(history, trouble + 5min, trouble + 50min, 0);
  EXPECT_NE(report(three_nines(), history, trouble + 50min).reason, Reason::FastBurn);
}

TEST(SloReport, TicketsASlowBurn) {
  History history(30);
  serve(history, kJune, kJune + 24h * 20, 10);
  serve(history, kJune + 24h * 20, kJune + 24h * 23, 120);
  const Report made = report(three_nines(), history, kJune + 24h * 23);
  EXPECT_EQ(made.reason, Reason::SlowBurn);
  EXPECT_THAT(made.message, HasSubstr("over 72 h, the limit is 1.0"));
}

TEST(SloReport, FreezesBelowTheBudgetThatWasAskedFor) {
  History history(30);
  serve(history, kJune, kJune + 24h * 10, 230);
  serve(history, kJune + 24h * 10, kJune + 24h * 26, 0);
  const Report frozen = report(three_nines(), history, kJune + 24h * 26);
  EXPECT_EQ(frozen.reason, Reason::Frozen);
  EXPECT_THAT(frozen.is_met, Optional(true));
  EXPECT_TRUE(frozen.is_frozen);
  EXPECT_THAT(frozen.message, HasSubstr("below 20 %: no rollout starts"));
}

TEST(SloReport, TellsAnOverspentBudgetAsLessThanNothing) {
  History history(30);
  serve(history, kJune, kJune + 24h * 10, 400);
  serve(history, kJune + 24h * 10, kJune + 24h * 20, 0);
  const Report made = report(three_nines(), history, kJune + 24h * 20);
  EXPECT_THAT(made.budget_remaining_basis_points,
              Optional(testing::AllOf(testing::Lt(-9000), testing::Gt(-11'000))));
  EXPECT_THAT(made.is_met, Optional(false));
  EXPECT_EQ(made.reason, Reason::Frozen);
}

TEST(SloReport, JudgesByTheWorseOfTwoObjectives) {
  History history(30);
  serve(history, kJune, kJune + 24h * 10, 0, 3000);
  Objectives both = three_nines();
  both.latency_basis_points = 9900;
  const Report made = report(both, history, kJune + 24h * 10);
  EXPECT_EQ(made.reason, Reason::SlowBurn);
  EXPECT_THAT(made.message, HasSubstr("late requests burn the budget 3.0 times"));
  EXPECT_THAT(made.budget_remaining_basis_points, Optional(-20'000));
  EXPECT_THAT(made.availability_basis_points, Optional(10'000));
}

TEST(SloReport, SaysNothingOfFewRequests) {
  History history(30);
  history.add({999, 500, 0}, kJune);
  const Report made = report(three_nines(), history, kJune);
  EXPECT_EQ(made.reason, Reason::NotEnoughTraffic);
  EXPECT_EQ(made.is_met, std::nullopt);
  EXPECT_EQ(made.budget_remaining_basis_points, std::nullopt);
  EXPECT_EQ(made.burn_1h_percent, std::nullopt);
  EXPECT_FALSE(made.is_frozen);
  EXPECT_EQ(made.message, "999 requests in 30 d, too few below 1000");
}

TEST(SloReport, DoesNotPageForOneErrorOfAFewRequests) {
  History history(30);
  for (Instant at = kJune; at < kJune + 24h * 20; at += 1min) history.add({1, 0, 0}, at);
  history.add({1, 1, 0}, kJune + 24h * 20);
  EXPECT_EQ(report(three_nines(), history, kJune + 24h * 20).reason, Reason::BudgetHealthy);
}

TEST(SloReport, HasNothingToSayWithoutAnObjective) {
  History history(30);
  serve(history, kJune, kJune + 24h, 0);
  const Report made = report({}, history, kJune + 24h);
  EXPECT_EQ(made.reason, Reason::NotEnoughTraffic);
  EXPECT_EQ(made.message, "no objective is given");
}

TEST(Percentile, LiesInTheBucketOfItsRank) {
  const LatencyHistogram histogram{{10, 20, 50, 100}, {50, 30, 15, 4, 1}};
  EXPECT_THAT(percentile(histogram, 5000), Optional(Percentile{10, 0, 10}));
  EXPECT_THAT(percentile(histogram, 9500), Optional(Percentile{50, 20, 50}));
  EXPECT_THAT(percentile(histogram, 9700), Optional(Percentile{75, 50, 100}));
  EXPECT_THAT(percentile(histogram, 9999), Optional(Percentile{100, 100, std::nullopt}));
}

TEST(Percentile, IsNotThereWithoutRequests) {
  EXPECT_EQ(percentile({{10, 20}, {0, 0, 0}}, 9900), std::nullopt);
  EXPECT_EQ(percentile({{10, 20}, {1, 2}}, 9900), std::nullopt);
}

TEST(Percentile, JudgesLateOnlyByABoundOfTheHistogram) {
  const LatencyHistogram histogram{{10, 20, 50}, {5, 4, 3, 2}};
  EXPECT_THAT(late(histogram, 20), Optional(5));
  EXPECT_THAT(late(histogram, 50), Optional(2));
  EXPECT_EQ(late(histogram, 30), std::nullopt);
}

}  // namespace
}  // namespace berth::slo
