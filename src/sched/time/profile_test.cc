#include "sched/time/profile.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace berth::sched {
namespace {

Instant t(int64_t seconds) { return Instant{std::chrono::seconds{seconds}}; }
constexpr Millis s(int64_t seconds) { return std::chrono::seconds{seconds}; }

TEST(Profile, FreeFallsWhereSomethingStartsAndRisesWhereItEnds) {
  Profile profile(8);
  profile.take({t(10), t(20), 3});
  profile.take({t(15), Instant::max(), 4});
  EXPECT_EQ(profile.free_at(t(9)), 8);
  EXPECT_EQ(profile.free_at(t(10)), 5);
  EXPECT_EQ(profile.free_at(t(15)), 1);
  EXPECT_EQ(profile.free_at(t(20)), 4);
  EXPECT_EQ(profile.free_at(Instant::max()), 4);
  EXPECT_EQ(profile.least_free(t(0), t(15)), 5);
  EXPECT_EQ(profile.least_free(t(0), t(16)), 1);
}

TEST(Profile, FirstFitWaitsUntilEnoughIsFreeForTheWholeDuration) {
  Profile profile(8);
  profile.take({t(10), t(20), 6});
  profile.take({t(30), t(40), 4});
  EXPECT_EQ(profile.first_fit(4, s(10), t(0)), t(0)) << "ends just before the first use";
  EXPECT_EQ(profile.first_fit(4, s(11), t(0)), t(20)) << "the use after it leaves enough";
  EXPECT_EQ(profile.first_fit(5, s(11), t(0)), t(40));
  EXPECT_EQ(profile.first_fit(5, s(10), t(5)), t(20));
  EXPECT_EQ(profile.first_fit(8, Millis::max(), t(0)), t(40));
  EXPECT_EQ(profile.first_fit(9, s(1), t(0)), Instant::max());
}

TEST(Profile, OverCommitIsNegativeAndNothingFitsUntilItIsOver) {
  Profile profile(2);
  profile.take({t(0), t(100), 5});
  EXPECT_EQ(profile.free_at(t(50)), -3);
  EXPECT_EQ(profile.first_fit(1, s(1), t(0)), t(100));
}

TEST(Profile, GivingBackRestoresTheSameValue) {
  Profile profile(8);
  profile.take({t(10), t(20), 3});
  const Profile before = profile;
  profile.take({t(5), t(20), 2});
  profile.take({t(20), t(25), 5});
  profile.give({t(5), t(20), 2});
  profile.give({t(20), t(25), 5});
  EXPECT_EQ(profile, before);
}

TEST(Profile, AReservedHeadLetsOnlyThatBackfillStartWhichDoesNotMoveIt) {
  Profile profile(8);
  profile.take({t(0), t(100), 6});  // runs
  const Instant shadow = profile.first_fit(7, s(50), t(0));
  EXPECT_EQ(shadow, t(100));
  profile.take({shadow, shadow + s(50), 7});  // the head
  EXPECT_GE(profile.least_free(t(0), t(100)), 2) << "ends before the head starts";
  EXPECT_LT(profile.least_free(t(0), t(101)), 2) << "would move the head";
  EXPECT_GE(profile.least_free(t(0), t(500)), 1) << "the head leaves one device over";
}

class RandomProfile : public testing::TestWithParam<unsigned> {
 protected:
  static constexpr int64_t kEnd = 60;
  std::mt19937 random_{GetParam()};
  int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
};

TEST_P(RandomProfile, EqualsOneCounterPerSecond) {
  std::array<int64_t, kEnd + 1> seconds;  // the last stands for everything after
  seconds.fill(8);
  Profile profile(8);
  std::vector<Use> uses;
  for (int round = 0; round < 300; ++round) {
    if (!uses.empty() && draw(0, 2) == 0) {
      const size_t which = static_cast<size_t>(draw(0, static_cast<int64_t>(uses.size()) - 1));
      const Use use = uses[which];
      uses.erase(uses.begin() + static_cast<ptrdiff_t>(which));
      profile.give(use);
      for (int64_t i = 0; i <= kEnd; ++i) {
        if (t(i) >= use.from && t(i) < use.until) seconds[static_cast<size_t>(i)] += use.devices;
      }
    } else {
      const int64_t from = draw(0, kEnd - 1);
      const int64_t until = draw(from, kEnd);
      const Use use{t(from), until == kEnd ? Instant::max() : t(until), draw(0, 4)};
      uses.push_back(use);
      profile.take(use);
      for (int64_t i = 0; i <= kEnd; ++i) {
        if (t(i) >= use.from && t(i) < use.until) seconds[static_cast<size_t>(i)] -= use.devices;
      }
    }
    for (size_t i = 1; i < profile.steps().size(); ++i) {
      ASSERT_LT(profile.steps()[i - 1].at, profile.steps()[i].at);
      ASSERT_NE(profile.steps()[i - 1].free, profile.steps()[i].free);
    }
    ASSERT_EQ(Profile::of(8, uses), profile) << "built at once or step by step";
    const auto least = [&](int64_t from, int64_t until) {
      int64_t low = seconds[static_cast<size_t>(from)];
      for (int64_t i = from; i < until; ++i) {
        low = std::min(low, seconds[static_cast<size_t>(std::min(i, kEnd))]);
      }
      return low;
    };
    const int64_t from = draw(0, kEnd - 1), length = draw(0, kEnd), devices = draw(-2, 9);
    ASSERT_EQ(profile.least_free(t(from), t(from + length)), least(from, from + length));
    Instant want = Instant::max();
    for (int64_t i = from; i <= kEnd && want == Instant::max(); ++i) {
      if (least(i, i + length) >= devices) want = t(i);
    }
    ASSERT_EQ(profile.first_fit(devices, s(length), t(from)), want);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomProfile, testing::Range(1u, 9u));

}  // namespace
}  // namespace berth::sched
