#include "worker/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace berth::worker {
namespace {

std::vector<int64_t> step_of(Sampler& sampler, int64_t step, int world_size) {
  std::vector<int64_t> all;
  for (int rank = 0; rank < world_size; ++rank) {
    const auto share = sampler.share(step, rank, world_size);
    all.insert(all.end(), share.begin(), share.end());
  }
  return all;
}

TEST(Sampler, GivesEverySampleOnceAnEpoch) {
  Sampler sampler(103, 10, 1);
  ASSERT_EQ(sampler.steps_per_epoch(), 11);
  std::vector<int64_t> seen;
  for (int64_t step = 11; step < 22; ++step) {
    const auto samples = step_of(sampler, step, 3);
    seen.insert(seen.end(), samples.begin(), samples.end());
  }
  std::sort(seen.begin(), seen.end());
  std::vector<int64_t> want(103);
  std::iota(want.begin(), want.end(), 0);
  EXPECT_EQ(seen, want);
}

TEST(Sampler, AStepHasTheSameSamplesWhateverTheGangsSize) {
  Sampler sampler(103, 10, 1);
  for (const int world_size : {2, 3, 7, 40}) {
    EXPECT_EQ(step_of(sampler, 25, world_size), step_of(sampler, 25, 1));
  }
}

TEST(Sampler, DoesNotDependOnWhatWasAskedBefore) {
  Sampler fresh(103, 10, 1);
  Sampler used(103, 10, 1);
  for (int64_t step = 0; step < 40; ++step) (void)used.share(step, 0, 1);
  EXPECT_EQ(step_of(used, 14, 1), step_of(fresh, 14, 1));
}

TEST(Sampler, EpochsAndSeedsHaveOrdersOfTheirOwn) {
  Sampler one(1000, 1000, 1);
  Sampler two(1000, 1000, 2);
  EXPECT_NE(step_of(one, 0, 1), step_of(one, 1, 1));
  EXPECT_NE(step_of(one, 0, 1), step_of(two, 0, 1));
}

TEST(Sampler, TakesAllWhenTheBatchIsLargerThanTheData) {
  Sampler sampler(5, 64, 1);
  EXPECT_EQ(sampler.steps_per_epoch(), 1);
  EXPECT_EQ(step_of(sampler, 0, 8).size(), 5U);
}

}  // namespace
}  // namespace berth::worker
