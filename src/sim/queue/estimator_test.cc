#include "sim/queue/estimator.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace berth::sim::queue
