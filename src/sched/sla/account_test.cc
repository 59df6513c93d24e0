#include "sched/sla/account.h"

#include <gtest/gtest.h>

#include <random>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;

constexpr TierPromise kStandard{.percent = 70, .window = 1h};
// A whole number of hours, so that tests start with a bucket.
Instant t(Millis after) { return Instant{500'000h} + after; }

TEST(SlaAccount, CountsHeldUpToAskedWhileEligibleOnly) {
  SlaAccount account(kStandard);
  account.advance(t(0ms), t(10min), 0, 8, true);
  account.advance(t(10min), t(20min), 16, 8, true);
  account.advance(t(20min), t(30min), 0, 8, false);
  EXPECT_EQ(account.in_window(), (DeviceTime{8 * 1'200'000, 8 * 600'000, 1'200'000}));
  EXPECT_EQ(account.attained_basis_points(), 5000);
}

TEST(SlaAccount, WhatIsOlderThanTheWindowNoLongerCounts) {
  SlaAccount account(kStandard);
  account.advance(t(0ms), t(30min), 0, 8, true);
  EXPECT_EQ(account.attained_basis_points(), 0);
  account.advance(t(30min), t(90min - 1ms), 8, 8, true);
  EXPECT_EQ(account.attained_basis_points(), 10'000);
  account.advance(t(90min), t(2000h), 8, 8, true);
  EXPECT_LE(account.in_window().eligible, 3'600'000);
  EXPECT_EQ(account.attained_basis_points(), 10'000);
}

TEST(SlaAccount, ANewWorkloadMayWaitForTheSharePromisedToNobody) {
  const SlaAccount account(kStandard);
  EXPECT_EQ(account.slack(8), 18min);
  EXPECT_EQ(SlaAccount({.percent = 95, .window = 24h}).slack(1), 72min);
  EXPECT_EQ(SlaAccount({.percent = 100, .window = 1h}).slack(1), 0ms);
  EXPECT_EQ(SlaAccount({.percent = 0, .window = 1h}).slack(1), Millis::max());
  EXPECT_EQ(account.slack(0), Millis::max());
}

TEST(SlaAccount, SlackShrinksWhileItWaitsAndComesBackWhenTheLossLeavesTheWindow) {
  SlaAccount account(kStandard);
  account.advance(t(0ms), t(10min), 0, 8, true);
  EXPECT_EQ(account.slack(8), 8min);
  EXPECT_TRUE(account.kept(8));
  SlaAccount waits = account;
  waits.advance(t(10min), t(19min), 0, 8, true);
  EXPECT_EQ(waits.slack(8), 0ms);
  EXPECT_FALSE(waits.kept(8));
  account.advance(t(10min), t(80min), 8, 8, true);
  EXPECT_EQ(account.slack(8), 18min);
}

TEST(SlaAccount, WorkThatSoonEndsHasLessTimeToMakeUpForALoss) {
  const SlaAccount account(kStandard);
  EXPECT_EQ(account.slack(8, 7min), 3min) << "7 of 10 minutes";
  EXPECT_EQ(account.slack(8, 5h), 18min);
  EXPECT_EQ(account.slack(8, 0ms), 0ms);
}

TEST(SlaAccount, AClockThatStepsBackCountsNothingTwice) {
  SlaAccount account(kStandard);
  account.advance(t(0ms), t(10min), 4, 8, true);
  const DeviceTime before = account.in_window();
  account.advance(t(2min), t(9min), 8, 8, true);
  EXPECT_EQ(account.in_window(), before);
  account.advance(t(5min), t(11min), 8, 8, true);
  EXPECT_EQ(account.in_window().eligible, 660'000);
}

TEST(SlaAccount, TheErrorBudgetAndItsBurnRateSayHowMuchIsLeftAndHowFastItGoes) {
  SlaAccount account(kStandard);
  account.advance(t(0ms), t(9min), 0, 8, true);
  EXPECT_EQ(account.budget_left_basis_points(8), 5000);
  account.advance(t(9min), t(50min - 1ms), 8, 8, true);
  EXPECT_EQ(account.burn_percent(30min), 0) << "not lately";
  EXPECT_EQ(account.burn_percent(1h), 60) << "9 lost of 50 minutes, 30% are allowed";
  account.advance(t(50min), t(80min), 0, 8, true);
  EXPECT_LT(account.budget_left_basis_points(8), 0);
}

TEST(SlaAccount, EachJobWindowIsJudgedAtItsEnd) {
  SlaAccount account(kStandard);
  account.advance(t(5min), t(20min), 0, 8, true);
  account.advance(t(20min), t(200min), 8, 8, true);
  EXPECT_EQ(account.windows(), 3) << "the fourth is open";
  EXPECT_EQ(account.windows_met(), 3) << "15 of 60 minutes lost keep 70 percent";
  account.advance(t(200min), t(300min), 0, 8, false);
  account.advance(t(300min), t(301min), 0, 8, true);
  account.close();
  EXPECT_EQ(account.windows(), 5);
  EXPECT_EQ(account.windows_met(), 4);
}

TEST(TierReport, ListsWhoIsAtRiskLeastSlackFirst) {
  std::vector<SlaAccount> accounts(4, SlaAccount(kStandard));
  accounts[0].advance(t(0ms), t(15min), 0, 8, true);
  accounts[1].advance(t(0ms), t(30min), 0, 8, true);
  accounts[2].advance(t(0ms), t(30min), 8, 8, true);
  accounts[3].advance(t(0ms), t(15min), 0, 8, true);
  std::vector<TierMember> tier;
  for (int i = 3; i >= 0; --i) {
    tier.push_back(
        {{std::string(1, static_cast<char>('a' + i))}, &accounts[static_cast<size_t>(i)], 8});
  }
  const TierReport made = report(tier, 5min);
  EXPECT_EQ(made.attainment_percent(), 75);
  const std::vector<AtRisk> want{{{"b"}, 0ms}, {{"a"}, 3min}, {{"d"}, 3min}};
  EXPECT_EQ(made.at_risk, want);
  EXPECT_EQ(report({}, 5min).attainment_percent(), 100);
}

class RandomAccount : public testing::TestWithParam<unsigned> {
 protected:
  std::mt19937 random_{GetParam()};
  int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
};

// The window is 60 s in buckets of 1 s; everything happens at tenths of a second.
TEST_P(RandomAccount, EqualsARecountAndSlackIsTheLastInstantAtWhichItsPromiseStands) {
  const TierPromise promise{.percent = draw(1, 100), .window = 60s};
  SlaAccount account(promise);
  std::vector<DeviceTime> tenths;
  const int64_t origin = draw(-5000, 5000) * 100;
  const auto at = [&](size_t tenth) {
    return Instant{Millis{origin + 100 * static_cast<int64_t>(tenth)}};
  };
  for (int round = 0; round < 60; ++round) {
    const size_t from = tenths.size();
    const int64_t asked = draw(0, 8), held = draw(0, 1) == 0 ? asked : draw(0, 8);
    const bool eligible = draw(0, 5) != 0;
    const size_t lasts = static_cast<size_t>(draw(0, 9) == 0 ? draw(600, 1500) : draw(1, 80));
    const bool counts = eligible && asked > 0;
    tenths.insert(
        tenths.end(), lasts,
        counts ? DeviceTime{asked * 100, std::min(held, asked) * 100, 100} : DeviceTime{});
    account.advance(at(from), at(tenths.size()), held, asked, eligible);
    const int64_t now = origin + 100 * static_cast<int64_t>(tenths.size());
    const int64_t open = now >= 0 ? now / 1000 : -((-now + 999) / 1000);
    DeviceTime want;
    for (size_t i = 0; i < tenths.size(); ++i) {
      if (at(i) < Instant{Millis{(open - 59) * 1000}}) continue;
      want.asked += tenths[i].asked;
      want.held += tenths[i].held;
      want.eligible += tenths[i].eligible;
    }
    ASSERT_EQ(account.in_window(), want);
    const int64_t asks = draw(1, 8);
    const Millis wanted = draw(0, 1) == 0 ? Millis::max() : Millis{draw(0, 80'000)};
    const Millis slack = account.slack(asks, wanted);
    if (!account.kept(asks, wanted)) {
      ASSERT_EQ(slack, 0ms);
      continue;
    }
    for (Millis ahead = 100ms; ahead <= slack; ahead += 100ms) {
      SlaAccount waits = account;
      waits.advance(at(tenths.size()), at(tenths.size()) + ahead, 0, asks, true);
      ASSERT_TRUE(waits.kept(asks, wanted)) << ahead.count() << " of " << slack.count();
    }
    SlaAccount waits = account;
    waits.advance(at(tenths.size()), at(tenths.size()) + slack + 1ms, 0, asks, true);
    ASSERT_FALSE(waits.kept(asks, wanted));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomAccount, testing::Range(1u, 13u));

}  // namespace
}  // namespace berth::sched
