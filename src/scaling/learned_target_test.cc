#include "scaling/learned_target.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace berth::scaling {
namespace {

constexpr int64_t kSaneStart = 8000;
constexpr int64_t kAllowed = 100;  // one in a hundred

// One replica that carries so much; late are those above `knee`, by a share that grows.
TargetSample sample(int64_t in_flight_milli, int64_t knee_milli) {
  const int64_t above = std::max<int64_t>(0, in_flight_milli - knee_milli);
  return {.replicas = 1,
          .span = Millis{10'000},
          .in_flight_milli = in_flight_milli,
          .answered = 1000,
          .late = std::min<int64_t>(1000, 2 + above * 200 / knee_milli)};
}

TEST(LearnedTarget, StartsWhereItIsTold) {
  const LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  EXPECT_EQ(target.target_milli(), kSaneStart);
  EXPECT_FALSE(target.is_learned());
  EXPECT_FALSE(target.rate_milli());
}

TEST(LearnedTarget, IsReadBackAsItWasWritten) {
  const LearnedTarget::Settings settings{.start_milli = kSaneStart, .late_basis_points = kAllowed};
  LearnedTarget target(settings);
  for (int round = 0; round < 300; ++round) {
    target.observe(sample(target.target_milli() * 98 / 100, 21'000));
    TargetSample starting = sample(9000, 21'000);
    starting.is_starting = true;
    target.observe(starting);
  }
  auto again = LearnedTarget::decode(target.encode(), settings);
  ASSERT_TRUE(again.ok()) << again.error().message;
  for (int round = 0; round < 300; ++round) {
    EXPECT_EQ(again->target_milli(), target.target_milli());
    EXPECT_EQ(again->rate_milli(), target.rate_milli());
    target.observe(sample(30'000, 21'000));
    again->observe(sample(30'000, 21'000));
  }
}

TEST(LearnedTarget, RefusesATextThatWasCutOrChangedOrIsOfAnotherObjective) {
  const LearnedTarget::Settings settings{.start_milli = kSaneStart, .late_basis_points = kAllowed};
  LearnedTarget target(settings);
  target.observe(sample(9000, 21'000));
  const std::string text = target.encode();
  EXPECT_TRUE(LearnedTarget::decode(text, settings).ok());
  EXPECT_FALSE(LearnedTarget::decode("", settings).ok());
  EXPECT_FALSE(LearnedTarget::decode("2" + text.substr(1), settings).ok());
  EXPECT_FALSE(LearnedTarget::decode(text + ";99 1 1 1", settings).ok()) << "no such step";
  EXPECT_FALSE(LearnedTarget::decode(text + ";1 1 2 1", settings).ok())
      << "more late than answered";
  EXPECT_FALSE(LearnedTarget::decode(text.substr(0, text.rfind(' ')), settings).ok());
  EXPECT_FALSE(LearnedTarget::decode(text, {.start_milli = kSaneStart + 1}).ok());
}

TEST(LearnedTarget, FindsTheKneeWhenLoadFollowsTheTarget) {
  for (const int64_t knee : {3000, 8000, 21'000, 300'000}) {
    LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
    int64_t most = 0;
    for (int round = 0; round < 100; ++round) {
      most = std::max(most, target.target_milli());
      target.observe(sample(target.target_milli() * 98 / 100, knee));
    }
    // One in a hundred is late at 1.04 of the knee.
    EXPECT_GE(target.target_milli(), knee * 90 / 100);
    EXPECT_LE(target.target_milli(), knee * 117 / 100);
    EXPECT_LE(most, std::max(kSaneStart, knee * 130 / 100)) << "how far it explores";
  }
}

TEST(LearnedTarget, GrowsByOneStepAtATimeAndOnlyWithEnoughRequests) {
  LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  TargetSample few = sample(kSaneStart - 1, 1'000'000);
  few.answered = LearnedTarget::kEnough - 1;
  target.observe(few);
  EXPECT_EQ(target.target_milli(), kSaneStart);
  target.observe(few);
  EXPECT_GT(target.target_milli(), kSaneStart);
  EXPECT_LE(target.target_milli(), kSaneStart * 130 / 100);
}

TEST(LearnedTarget, LearnsNothingAgainstTheStartFromALowLoad) {
  LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  for (int round = 0; round < 10; ++round) target.observe(sample(2500, 1'000'000));
  EXPECT_EQ(target.target_milli(), kSaneStart);
}

TEST(LearnedTarget, IsNotMisledByAFewLateRequestsAtLittleLoad) {
  LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  target.observe(
      {.replicas = 1, .span = Millis{1000}, .in_flight_milli = 2500, .answered = 600, .late = 12});
  for (int round = 0; round < 20; ++round) target.observe(sample(7900, 1'000'000));
  EXPECT_GT(target.target_milli(), kSaneStart);
}

TEST(LearnedTarget, DoesNotFallBelowAQuarterOfTheStart) {
  LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  for (int round = 0; round < 100; ++round) target.observe(sample(target.target_milli(), 10));
  EXPECT_EQ(target.target_milli(), kSaneStart / 4);
}

TEST(LearnedTarget, DoesNotPassTheLargestBatch) {
  LearnedTarget target({.start_milli = kSaneStart, .most_milli = 16'000});
  for (int round = 0; round < 100; ++round) {
    target.observe(sample(target.target_milli(), 1'000'000));
  }
  EXPECT_EQ(target.target_milli(), 16'000);
}

TEST(LearnedTarget, TellsTheRateOfAReplicaThatIsFull) {
  LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  target.observe({.replicas = 4,
                  .span = Millis{10'000},
                  .in_flight_milli = 4 * 7900,
                  .answered = 1000,
                  .late = 0});
  EXPECT_EQ(target.rate_milli(), 25'000);
}

TEST(LearnedTarget, LearnsOnlyTheRateWhileReplicasStart) {
  LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  target.observe({.is_starting = true,
                  .replicas = 2,
                  .span = Millis{10'000},
                  .in_flight_milli = 900'000,
                  .answered = 600,
                  .late = 600});
  EXPECT_EQ(target.target_milli(), kSaneStart);
  EXPECT_EQ(target.rate_milli(), 30'000);
}

TEST(LearnedTarget, TriesAgainWhatWasTooMuchLongAgo) {
  LearnedTarget target({.start_milli = kSaneStart, .late_basis_points = kAllowed});
  target.observe(sample(7900, 1'000'000));
  target.observe(
      {.replicas = 1, .span = Millis{1000}, .in_flight_milli = 8500, .answered = 600, .late = 60});
  const int64_t held_back = target.target_milli();
  for (int64_t seen = 0; seen < 3 * LearnedTarget::kRemembered; seen += 1000) {
    target.observe(sample(7900, 1'000'000));
  }
  EXPECT_GT(target.target_milli(), held_back);
}

}  // namespace
}  // namespace berth::scaling
