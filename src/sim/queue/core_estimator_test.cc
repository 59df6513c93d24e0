#include "sim/queue/core_estimator.h"

#include <gtest/gtest.h>

namespace berth::sim::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

VisibleJob job(TenantId tenant, int64_t devices) { return {.tenant = tenant, .devices = devices}; }

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
