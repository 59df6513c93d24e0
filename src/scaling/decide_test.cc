#include "scaling/decide.h"

#include <gmock/gmock.h>

#include <chrono>
#include <random>

namespace berth::scaling {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Monotonic kNow{Millis{10'000'000}};

Rules rules() {
  return {.min_replicas = 1, .max_replicas = 20, .target_milli = 4000, .rate_milli = 4000};
}

// So many requests in flight, steadily, known for the whole window.
Load steady(int64_t in_flight) {
  return {.known = Known::All,
          .stable_milli = in_flight * 1000,
          .panic_milli = in_flight * 1000,
          .stable_arriving_milli = in_flight * 1000,
          .panic_arriving_milli = in_flight * 1000,
          .in_flight = in_flight,
          .covered = 60s};
}
Load silence(Millis silent_for) {
  return {.known = Known::All, .covered = 60s, .silent_for = silent_for};
}

// Decides every two seconds for so long, all replicas ready, and tells the last decision.
Decision decide_for(const Rules& by, State state, const Load& load, Millis span) {
  Decision last;
  for (Millis at{0}; at <= span; at += 2s) {
    last = decide(by, state, {.load = load, .counts = {.ready = state.desired}}, kNow + at);
    state = last.next;
  }
  return last;
}

TEST(Scaling, AsksForTheLoadOverTheTargetRoundedUp) {
  const Decision made =
      decide(rules(), resumed(3), {.load = steady(13), .counts = {.ready = 3}}, kNow);
  EXPECT_EQ(made.desired, 4);
  EXPECT_EQ(made.why, "4 replicas: 13 in flight over 60 s, 13 over 6 s, at 4 a replica need 4");
}

TEST(Scaling, KeepsTheScaleWhenNothingIsKnown) {
  const Decision made = decide(rules(), resumed(7), {.counts = {.ready = 7}}, kNow);
  EXPECT_EQ(made.desired, 7);
  EXPECT_THAT(made.why, HasSubstr("nothing is known of the load"));
}

TEST(Scaling, WakesForARequestBeforeThereIsAnAverage) {
  Rules by = rules();
  by.min_replicas = 0;
  EXPECT_EQ(decide(by, resumed(0), {.load = {.in_flight = 1}}, kNow).desired, 1);
}

TEST(Scaling, RaisesOnPartOfTheLoadAndNeverLowersOnIt) {
  Load part = steady(40);
  part.known = Known::Part;
  EXPECT_EQ(decide(rules(), resumed(5), {.load = part, .counts = {.ready = 5}}, kNow).desired, 10);
  part.stable_milli = part.panic_milli = 0;
  part.in_flight = 0;
  EXPECT_EQ(decide_for(rules(), resumed(5), part, 1h).desired, 5);
}

TEST(Scaling, TakesOneReplicaPerDelayOnceFewerWereEnoughForAllOfIt) {
  EXPECT_EQ(decide_for(rules(), resumed(10), steady(8), 298s).desired, 10);
  EXPECT_EQ(decide_for(rules(), resumed(10), steady(8), 300s).desired, 9);
  EXPECT_EQ(decide_for(rules(), resumed(10), steady(8), 598s).desired, 9);
  EXPECT_EQ(decide_for(rules(), resumed(10), steady(8), 600s).desired, 8);
  EXPECT_EQ(decide_for(rules(), resumed(10), steady(8), 3h).desired, 2);
}

TEST(Scaling, StartsTheDelayAnewWhenAllAreNeededInBetween) {
  const Rules by = rules();
  State state = decide_for(by, resumed(4), steady(8), 200s).next;
  const Facts busy{.load = steady(16), .counts = {.ready = 4}};
  state = decide(by, state, busy, kNow + 202s).next;
  const Facts calm{.load = steady(8), .counts = {.ready = 4}};
  state = decide(by, state, calm, kNow + 204s).next;
  EXPECT_EQ(decide(by, state, calm, kNow + 400s).desired, 4);
  EXPECT_EQ(decide(by, state, calm, kNow + 504s).desired, 3);
}

TEST(Scaling, TakesNothingOnTooShortAPastAfterARestart) {
  Load young = steady(1);
  young.covered = 58s;
  EXPECT_EQ(decide_for(rules(), resumed(6), young, 1h).desired, 6);
}

TEST(Scaling, AnswersABurstOfTheShortWindowAndThenTakesNothingForAStableWindow) {
  Load burst = steady(8);
  burst.panic_milli = burst.panic_arriving_milli = 40'000;
  const Decision made = decide(rules(), resumed(2), {.load = burst, .counts = {.ready = 2}}, kNow);
  EXPECT_EQ(made.desired, 10);
  Rules eager = rules();
  eager.scale_down_delay = 0s;
  const Facts calm{.load = steady(8), .counts = {.ready = 10}};
  const Decision later = decide(eager, made.next, calm, kNow + 60s);
  EXPECT_EQ(later.desired, 10);
  EXPECT_THAT(later.why, HasSubstr("a burst was 60 s ago, so nothing goes before 60 s"));
  EXPECT_EQ(decide(eager, made.next, calm, kNow + 61s).desired, 9);
}

TEST(Scaling, CountsReplicasThatStartBeforeItCallsALoadABurst) {
  Load twice = steady(8);
  twice.panic_milli = 17'000;  // five replicas
  const Facts none_starts{.load = twice, .counts = {.ready = 2}};
  EXPECT_TRUE(decide(rules(), resumed(2), none_starts, kNow).next.burst_at);
  const Facts three_start{.load = twice, .counts = {.ready = 2, .starting = 3}};
  EXPECT_FALSE(decide(rules(), resumed(5), three_start, kNow).next.burst_at);
}

TEST(Scaling, AsksForWhatComesAndNotForWhatPilesUpWhileReplicasStart) {
  Rules by = rules();
  by.rate_milli = 2000;      // two requests a second each
  Load piled = steady(120);  // a minute of two a second held for the first replica
  piled.stable_arriving_milli = piled.panic_arriving_milli = 2000;
  const Facts facts{.load = piled, .counts = {.starting = 1}};
  // 2 a second come, and 120 that wait are less than one a second over the delay.
  EXPECT_EQ(decide(by, resumed(1), facts, kNow).desired, 2);
  by.rate_milli.reset();
  EXPECT_EQ(decide(by, resumed(1), facts, kNow).desired, 1) << "nobody has answered yet";
}

TEST(Scaling, DoublesWhatIsReadyAtMostBeforeARateIsLearned) {
  Load over = steady(100);
  over.panic_arriving_milli = over.stable_arriving_milli = 30'000;
  const Facts facts{.load = over, .counts = {.ready = 3}};
  Rules by = rules();
  by.rate_milli.reset();
  EXPECT_EQ(decide(by, resumed(3), facts, kNow).desired, 6);
  EXPECT_EQ(decide(rules(), resumed(3), facts, kNow).desired, 8) << "at four a second each";
}

TEST(Scaling, SleepsAfterSilenceOnlyWhereNoReplicaIsTheLeast) {
  Rules by = rules();
  EXPECT_EQ(decide_for(by, resumed(1), silence(2h), 1h).desired, 1);
  by.min_replicas = 0;
  EXPECT_EQ(decide(by, resumed(1), {.load = silence(299s)}, kNow).desired, 1);
  const Decision asleep = decide(by, resumed(1), {.load = silence(300s)}, kNow);
  EXPECT_EQ(asleep.desired, 0);
  EXPECT_EQ(asleep.why, "0 replicas: nothing was asked for 300 s");
  by.scale_down_delay = 0s;
  EXPECT_EQ(decide(by, resumed(1), {.load = silence(59s)}, kNow).desired, 1);
  EXPECT_EQ(decide(by, resumed(1), {.load = silence(60s)}, kNow).desired, 0);
}

TEST(Scaling, RaisesAheadOfTheTimeOfDayAndNeverLowersByIt) {
  Facts facts{.load = steady(8), .counts = {.ready = 2}, .ahead_milli = 20'000};
  const Decision made = decide(rules(), resumed(2), facts, kNow);
  EXPECT_EQ(made.desired, 5);
  EXPECT_THAT(made.why, HasSubstr("need 2, the time of day 5"));
  facts.ahead_milli = 100;
  EXPECT_EQ(decide(rules(), resumed(2), facts, kNow).desired, 2);
}

TEST(Scaling, ObeysALowerMaximumAtOnce) {
  Rules by = rules();
  by.max_replicas = 3;
  EXPECT_EQ(decide(by, resumed(8), {.load = steady(4), .counts = {.ready = 8}}, kNow).desired, 3);
  EXPECT_EQ(decide(by, resumed(8), {.counts = {.ready = 8}}, kNow).desired, 3);
}

// Rules, a state and facts as they come, from a seed.
struct Scene {
  explicit Scene(uint64_t seed) : random(seed) {
    by.min_replicas = any(0, 5);
    by.max_replicas = std::max<int64_t>(1, by.min_replicas + any(0, 20));
    by.target_milli = any(1, 20'000);
    if (any(0, 1) == 1) by.rate_milli = any(1, 20'000);
    by.scale_down_delay = Millis{any(0, 2) * 100'000};
    state.desired = any(0, 30);
    if (any(0, 2) == 0) state.burst_at = kNow - Millis{any(0, 120'000)};
    if (any(0, 2) == 0) state.low_since = kNow - Millis{any(0, 400'000)};
    facts.counts = {.ready = any(0, 20), .starting = any(0, 5)};
    facts.ahead_milli = any(0, 1) * any(0, 100'000);
    Load& load = facts.load;
    load.known = static_cast<Known>(any(0, 5) == 0 ? any(0, 1) : 2);
    load.stable_milli = any(0, 100'000);
    load.panic_milli = any(0, 1) == 1 ? any(0, 200'000) : load.stable_milli;
    load.stable_arriving_milli = any(0, 50'000);
    load.panic_arriving_milli = any(0, 50'000);
    load.in_flight = any(0, 100);
    load.covered = any(0, 3) == 0 ? Millis{any(0, 60'000)} : Millis{60'000};
    load.silent_for = any(0, 3) == 0 ? Millis{any(0, 1'000'000)} : Millis{0};
  }
  int64_t any(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random);
  }
  Decision decided() const { return decide(by, state, facts, kNow); }

  std::mt19937_64 random;
  Rules by;
  State state;
  Facts facts;
};

class ScalingProperty : public testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, ScalingProperty, testing::Range<uint64_t>(0, 8));
constexpr uint64_t kScenes = 4000;

TEST_P(ScalingProperty, StaysWithinMinimumAndMaximum) {
  for (uint64_t n = 0; n < kScenes; ++n) {
    const Scene scene(GetParam() * kScenes + n);
    const int64_t desired = scene.decided().desired;
    ASSERT_GE(desired, scene.by.min_replicas);
    ASSERT_LE(desired, scene.by.max_replicas);
    ASSERT_EQ(desired, scene.decided().next.desired);
  }
}

TEST_P(ScalingProperty, GivesNoFewerForMoreLoad) {
  for (uint64_t n = 0; n < kScenes; ++n) {
    Scene scene(GetParam() * kScenes + n);
    const Decision less = scene.decided();
    Load& load = scene.facts.load;
    load.stable_milli += scene.any(0, 20'000);
    load.panic_milli += scene.any(0, 20'000);
    load.stable_arriving_milli += scene.any(0, 20'000);
    load.panic_arriving_milli += scene.any(0, 20'000);
    load.in_flight += scene.any(0, 20);
    load.silent_for = std::min(load.silent_for, Millis{scene.any(0, 1'000'000)});
    const Decision more = scene.decided();
    ASSERT_GE(more.desired, less.desired) << less.why << "\n" << more.why;
  }
}

TEST_P(ScalingProperty, TakesOneAtMostAndNoneInAPanicOrWithoutFacts) {
  for (uint64_t n = 0; n < kScenes; ++n) {
    const Scene scene(GetParam() * kScenes + n);
    const Decision made = scene.decided();
    const int64_t before = std::min(scene.state.desired, scene.by.max_replicas);
    ASSERT_GE(made.desired, before - 1) << made.why;
    const bool may_lower = !made.next.burst_at && scene.facts.load.known == Known::All &&
                           scene.facts.load.covered >= scene.by.stable_window;
    if (!may_lower) {
      ASSERT_GE(made.desired, before) << made.why;
    }
  }
}

TEST_P(ScalingProperty, NeverSleepsWhileSomethingIsInFlight) {
  for (uint64_t n = 0; n < kScenes; ++n) {
    const Scene scene(GetParam() * kScenes + n);
    if (scene.facts.load.in_flight > 0) {
      ASSERT_GE(scene.decided().desired, 1);
    }
  }
}

TEST_P(ScalingProperty, GivesNoFewerForAForecast) {
  for (uint64_t n = 0; n < kScenes; ++n) {
    Scene scene(GetParam() * kScenes + n);
    const int64_t with = scene.decided().desired;
    scene.facts.ahead_milli = 0;
    ASSERT_GE(with, scene.decided().desired);
  }
}

}  // namespace
}  // namespace berth::scaling
