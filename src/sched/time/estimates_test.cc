#include "sched/time/estimates.h"

#include <gtest/gtest.h>

#include <random>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kP50 = 5000, kP80 = 8000;

RunKey run(const std::string& owner, const std::string& name, int64_t devices = 1) {
  return {owner, name, "nvidia-h200", devices};
}

TEST(Estimates, ThePriorIsDoubledUntilItIsBeyondWhatAlreadyRan) {
  const Estimates nothing({.prior = 1h});
  EXPECT_EQ(nothing.remaining(run("blue", "train"), 0ms, kP80), 1h);
  EXPECT_EQ(nothing.remaining(run("blue", "train"), 20min, kP80), 40min);
  EXPECT_EQ(nothing.remaining(run("blue", "train"), 1h, kP80), 1h);
  EXPECT_EQ(nothing.remaining(run("blue", "train"), 150min, kP80), 90min);
  EXPECT_GT(nothing.remaining(run("blue", "train"), Millis::max() / 2, kP80), 0ms);
}

TEST(Estimates, TheNarrowestKeyWithRunsDecidesAndTheWiderOnesFillIn) {
  Estimates estimates;
  for (int i = 0; i < 30; ++i) {
    estimates.learn(run("blue", "train"), 10h);
    estimates.learn(run("blue", "test"), 2min);
    estimates.learn(run("green", "train", 8), 1h);
  }
  const auto p50 = [&](const RunKey& key) { return estimates.remaining(key, 0ms, kP50); };
  EXPECT_GT(p50(run("blue", "train")), 9h);
  EXPECT_LT(p50(run("blue", "test")), 3min);
  EXPECT_GT(estimates.remaining(run("blue", "new"), 0ms, kP80), 9h) << "half of blue's are long";
  EXPECT_LT(estimates.remaining(run("blue", "new"), 0ms, 3000), 3min);
  EXPECT_NEAR(static_cast<double>(p50(run("", "", 8)).count()), 3'600'000.0, 400'000.0)
      << "by class and size";
}

TEST(Estimates, ARunThatOutlivesItsEstimateGetsALongerOne) {
  Estimates estimates;
  for (int i = 0; i < 90; ++i) estimates.learn(run("blue", "train"), 10min);
  for (int i = 0; i < 10; ++i) estimates.learn(run("blue", "train"), 5h);
  const RunKey key = run("blue", "train");
  EXPECT_LT(estimates.remaining(key, 0ms, kP50), 12min);
  EXPECT_GT(estimates.remaining(key, 20min, kP50), 3h) << "it is one of the long ones";
  const Millis beyond_all = estimates.remaining(key, 20h, kP50);
  EXPECT_EQ(beyond_all, 32h - 20h) << "nothing ever took that long: the prior, doubled";
}

TEST(Estimates, ADeclaredBoundIsNeverExceeded) {
  Estimates estimates;
  for (int i = 0; i < 50; ++i) estimates.learn(run("blue", "train"), 10h);
  EXPECT_EQ(estimates.remaining(run("blue", "train"), 1h, kP80, 2h), 1h);
  EXPECT_EQ(estimates.remaining(run("blue", "train"), 3h, kP80, 2h), 1ms) << "it is being stopped";
  EXPECT_GT(estimates.remaining(run("blue", "train"), 0ms, kP80, 100h), 9h);
}

TEST(Estimates, KeepsNoMoreKeysThanToldAndForgetsTheOneThatLearnedLongestAgo) {
  Estimates estimates({.most_keys = 20});
  for (int i = 0; i < 1000; ++i) {
    estimates.learn(run("user-" + std::to_string(i), "t"), 3h);
    ASSERT_LE(estimates.keys(), 20u);
  }
  EXPECT_GT(estimates.remaining(run("user-999", "t"), 0ms, kP50), 2h);
  EXPECT_GT(estimates.remaining(run("user-0", ""), 0ms, kP50), 2h) << "everything is still known";
}

class RandomRuns : public testing::TestWithParam<unsigned> {};

TEST_P(RandomRuns, AreDeterministicPositiveAndMonotoneInTheQuantile) {
  std::mt19937 random{GetParam()};
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  Estimates one({.most_keys = 50}), two({.most_keys = 50});
  for (int i = 0; i < 2000; ++i) {
    const RunKey key =
        run("u" + std::to_string(draw(0, 9)), "t" + std::to_string(draw(0, 9)), draw(0, 64));
    const Millis ran{int64_t{1} << draw(0, 40)};
    one.learn(key, ran);
    two.learn(key, ran);
    const Millis already{draw(0, 2) == 0 ? 0 : int64_t{1} << draw(0, 40)};
    Millis before{0};
    for (const int64_t basis_points : {100, 2500, 5000, 8000, 9900}) {
      const Millis left = one.remaining(key, already, basis_points);
      ASSERT_GE(left, std::max(before, Millis{1}));
      ASSERT_EQ(left, two.remaining(key, already, basis_points));
      before = left;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRuns, testing::Range(1u, 6u));

}  // namespace
}  // namespace berth::sched
