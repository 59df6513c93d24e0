#include "sched/quota/usage_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace berth::sched {
namespace {

constexpr Millis kHour{3'600'000};

TEST(UsageHistory, HalvesWithEachHalfLife) {
  EXPECT_EQ(decayed(1'000'000, kHour, kHour), 500'000);
  EXPECT_EQ(decayed(1'000'000, 3 * kHour, kHour), 125'000);
  EXPECT_EQ(decayed(1'000'000, kHour / 2, kHour), 707'107) << "the root of a half, to the nearest";
}

TEST(UsageHistory, ForgetsAtOnceWithoutAHalfLifeAndKeepsAllWhenTheClockIsSetBack) {
  EXPECT_EQ(decayed(7, Millis{1}, Millis{0}), 0);
  EXPECT_EQ(decayed(7, Millis{-5}, kHour), 7);
  EXPECT_EQ(decayed(7, Millis{INT64_MAX}, Millis{1}), 0);
}

TEST(UsageHistory, ApproachesWhatIsHeldAllTheTime) {
  UsageHistory history;
  history.add(8, Instant{}, kHour);
  EXPECT_EQ(history.micro_devices(), 0) << "the first call only sets the instant";
  history.add(8, Instant{kHour}, kHour);
  EXPECT_EQ(history.micro_devices(), 4 * UsageHistory::kUnit);
  history.add(8, Instant{60 * kHour}, kHour);
  EXPECT_EQ(history.micro_devices(), 8 * UsageHistory::kUnit);
}

TEST(UsageHistory, ComesBackFromWhatWasWrittenDown) {
  UsageHistory history;
  history.add(8, Instant{}, kHour);
  history.add(8, Instant{kHour}, kHour);
  UsageHistory again(history.micro_devices(), history.at());
  again.add(0, Instant{2 * kHour}, kHour);
  EXPECT_EQ(again.micro_devices(), 2 * UsageHistory::kUnit);
}

class UsageHistorySeeds : public testing::TestWithParam<unsigned> {};

TEST_P(UsageHistorySeeds, DecayingInTwoStepsIsDecayingInOneWithinTheStatedBound) {
  std::mt19937_64 random{GetParam()};
  for (int round = 0; round < 200; ++round) {
    const auto value = static_cast<int64_t>(random() >> (2 + random() % 60));
    const Millis half{1 + static_cast<int64_t>(random() % 100'000'000)};
    const Millis first{static_cast<int64_t>(random() % 300'000'000)};
    const Millis second{static_cast<int64_t>(random() % 300'000'000)};
    const int64_t one = decayed(value, first + second, half);
    const int64_t two = decayed(decayed(value, first, half), second, half);
    EXPECT_LE(std::abs(one - two), 2 * (1 + (value >> 44))) << value << ' ' << half.count();
  }
}

TEST_P(UsageHistorySeeds, SplittingASpanChangesNothingBeyondTheStatedBound) {
  std::mt19937_64 random{GetParam()};
  const auto devices = static_cast<int64_t>(random() % 100'000);
  const Instant end{Millis{static_cast<int64_t>(random() % 10'000'000'000)}};
  UsageHistory whole(static_cast<int64_t>(random() % 1'000'000'000), Instant{});
  UsageHistory split = whole;
  whole.add(devices, end, kHour);
  const int splits = 1 + static_cast<int>(random() % 20);
  for (int at = 1; at < splits; ++at)
    split.add(devices, Instant{end.time_since_epoch() * at / splits}, kHour);
  split.add(devices, end, kHour);
  EXPECT_EQ(split.at(), whole.at());
  const int64_t largest = std::max<int64_t>(1'000'000'000, devices * UsageHistory::kUnit);
  EXPECT_LE(std::abs(split.micro_devices() - whole.micro_devices()),
            (splits + 1) * (1 + (largest >> 44)));
}

INSTANTIATE_TEST_SUITE_P(Seeds, UsageHistorySeeds, testing::Range(0U, 50U));

}  // namespace
}  // namespace berth::sched
