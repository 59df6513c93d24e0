#include "sched/time/run_times.h"

#include <gtest/gtest.h>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;

Millis quantile(const RunTimes& runs, Millis already, int64_t basis_points) {
  RunTimes::Spread spread{};
  runs.add_to(spread, already, 1U << 31U);
  return RunTimes::quantile(spread, already, basis_points);
}

TEST(RunTimes, BucketsTouchAndGrowByAFifthOfADoubling) {
  EXPECT_EQ(RunTimes::bucket_of(0ms), 0u);
  EXPECT_EQ(RunTimes::bucket_of(999ms), 0u);
  EXPECT_EQ(RunTimes::lower_edge(1), 1s);
  EXPECT_EQ(RunTimes::lower_edge(6), 2s);
  EXPECT_EQ(RunTimes::lower_edge(1 + 5 * 12), 4096s);
  EXPECT_EQ(RunTimes::bucket_of(Millis::max()), RunTimes::kBuckets - 1);
  for (size_t i = 1; i + 1 < RunTimes::kBuckets; ++i) {
    EXPECT_EQ(RunTimes::bucket_of(RunTimes::lower_edge(i)), i);
    EXPECT_EQ(RunTimes::bucket_of(RunTimes::upper_edge(i) - 1ms), i);
  }
  EXPECT_GT(RunTimes::lower_edge(RunTimes::kBuckets - 1), 24h * 365);
}

TEST(RunTimes, QuantilesAreWithinABucketOfTheTruth) {
  RunTimes runs;
  for (int minute = 1; minute <= 100; ++minute) {
    runs.learn(std::chrono::minutes{minute}, 1'000'000);
  }
  for (const int percent : {10, 50, 80, 95}) {
    const double want = percent * 60'000.0;
    EXPECT_NEAR(static_cast<double>(quantile(runs, 0ms, percent * 100).count()), want, want * 0.1);
  }
  EXPECT_NEAR(static_cast<double>(quantile(runs, 80min, 5000).count()), 90 * 60'000.0, 60'000.0 * 6)
      << "of those beyond 80 minutes half end within 90";
  EXPECT_NEAR(static_cast<double>(runs.known_milli(80min)), 20'000, 2'000);
}

TEST(RunTimes, OldRunsFadeByHalfEachHalfLifeAndWeightsNeverWrap) {
  RunTimes runs;
  for (int i = 0; i < 100'000; ++i) runs.learn(1h, 64);
  EXPECT_NEAR(static_cast<double>(runs.known_milli(0ms)), 64 / 0.693 * 1000, 3'000);
  for (int i = 0; i < 64; ++i) runs.learn(1min, 64);
  const double sum = static_cast<double>(runs.known_milli(0ms));
  EXPECT_NEAR(static_cast<double>(runs.known_milli(30min)) / sum, 0.5, 0.02);
}

TEST(RunTimes, NothingIsKnownBeyondTheLongestRun) {
  RunTimes runs;
  runs.learn(1h, 64);
  EXPECT_EQ(runs.known_milli(3h), 0);
  EXPECT_EQ(quantile(runs, 3h, 5000), 3h + (RunTimes::upper_edge(RunTimes::kBuckets - 1) - 3h))
      << "an empty spread answers the end of the scale";
}

}  // namespace
}  // namespace berth::sched
