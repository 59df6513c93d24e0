#include "sim/queue/estimator.h"

#include <gtest/gtest.h>

#include "sim/queue/core_estimator.h"

namespace berth::sim::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

VisibleJob job(TenantId tenant, int64_t devices) { return {.tenant = tenant, .devices = devices}; }

TEST(PercentileEstimator, GuessesTheEightiethPercentileOfAlikeJobs) {
  PercentileEstimator estimator;
  for (int count = 0; count < 8; ++count) estimator.learn(job(0, 8), minutes(10));
  for (int count = 0; count < 2; ++count) estimator.learn(job(0, 8), hours(10));
  for (int count = 0; count < 10; ++count) estimator.learn(job(1, 8), hours(20));
  const Millis guess = estimator.estimate(job(0, 8), Millis{});
  EXPECT_GE(guess, minutes(10));
  EXPECT_LE(guess, minutes(12));
}

TEST(PercentileEstimator, LooksAtJobsThatRanLongerThanThisOneHas) {
  PercentileEstimator estimator;
  for (int count = 0; count < 50; ++count) estimator.learn(job(0, 8), minutes(10));
  for (int count = 0; count < 5; ++count) estimator.learn(job(0, 8), hours(10));
  EXPECT_GE(estimator.estimate(job(0, 8), minutes(15)), hours(10));
  EXPECT_LE(estimator.estimate(job(0, 8), minutes(15)), hours(12));
  EXPECT_EQ(estimator.estimate(job(0, 8), hours(30)), hours(60));  // nobody did
}

TEST(PercentileEstimator, FallsBackToTheTenantThenToEverybodyThenToAnHour) {
  PercentileEstimator estimator;
  EXPECT_EQ(estimator.estimate(job(0, 1), Millis{}), hours(1));
  for (int count = 0; count < 5; ++count) estimator.learn(job(1, 4), hours(10));
  EXPECT_GE(estimator.estimate(job(0, 1), Millis{}), hours(10));
  for (int count = 0; count < 5; ++count) estimator.learn(job(0, 4), minutes(10));
  EXPECT_LE(estimator.estimate(job(0, 1), Millis{}), minutes(12));
}

TEST(CoreEstimator, TellsModelsApartAndForgetsItsGuessWhenItLearns) {
  CoreEstimator estimator;
  VisibleJob bert = job(0, 8);
  bert.model = "bert";
  EXPECT_EQ(estimator.estimate(bert, Millis{}), hours(1));
  for (int count = 0; count < 50; ++count) estimator.learn(bert, hours(10));
  for (int count = 0; count < 50; ++count) estimator.learn(job(1, 1), minutes(1));
  const Millis guess = estimator.estimate(bert, Millis{});
  EXPECT_GE(guess, hours(10));
  EXPECT_LE(guess, hours(20));
  EXPECT_GT(estimator.estimate(bert, hours(30)), hours(30));
}

}  // namespace
}  // namespace berth::sim::queue
