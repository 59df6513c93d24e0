#include "sched/sla/victim.h"

#include <gtest/gtest.h>

#include <array>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;

const Instant kDay{500'000h};

RunningJob job() {
  return {.id = {"a"},
          .devices = 8,
          .started = kDay - 2h,
          .last_checkpoint = kDay - 10min,
          .save = 10s,
          .restore = 20s,
          .requeue = 30s,
          .preemptible = true};
}

TEST(VictimCost, IsTheWorkSinceTheLastCheckpointAndTheRestart) {
  EXPECT_EQ(preemption_cost(job(), kDay), (VictimCost{.work = 8 * 600'000, .restart = 8 * 60'000}));
  EXPECT_EQ(preemption_cost(job(), kDay).total(), 8 * 660'000);
}

TEST(VictimCost, WithoutACheckpointAllWorkSinceTheStartIsLost) {
  RunningJob never = job();
  never.last_checkpoint.reset();
  EXPECT_EQ(preemption_cost(never, kDay).work, 8 * 7'200'000);
  never.saves_on_notice = true;
  EXPECT_EQ(preemption_cost(never, kDay).work, 0);
}

TEST(VictimCost, APromiseThatWouldBreakCostsADayOfItsDevices) {
  RunningJob close = job();
  close.slack = 59s;
  EXPECT_EQ(preemption_cost(close, kDay).breach, 8 * 86'400'000);
  close.slack = 60s;
  EXPECT_EQ(preemption_cost(close, kDay).breach, 0);
}

TEST(VictimCost, AJobCountsOnceHoweverOftenItIsInTheSet) {
  const RunningJob a = job();
  RunningJob b = job();
  b.id = {"b"};
  const std::array<const RunningJob*, 4> victims{&a, &b, &a, &a};
  EXPECT_EQ(total_cost(victims, kDay), 2 * preemption_cost(a, kDay).total());
}

TEST(VictimCost, AClockThatWasSteppedBackMakesNothingNegative) {
  EXPECT_EQ(preemption_cost(job(), kDay - 5h).work, 0);
}

TEST(VictimCost, ShrinkingSparesTheWaitAndWhatLeaves) {
  const RunningJob whole = job();
  const VictimCost all = preemption_cost(whole, kDay);
  const VictimCost some = shrink_cost(whole, 6, kDay);
  EXPECT_EQ(some.work, all.work) << "all of them go on from the checkpoint";
  EXPECT_EQ(some.restart, 6 * (whole.save + whole.restore).count());
  EXPECT_LT(shrink_cost(whole, whole.devices, kDay).total(), all.total());
}

TEST(VictimCost, ShrinkingBreaksAPromiseOnlyIfTheRestartItselfDoes) {
  RunningJob tight = job();
  tight.requeue = 1h;
  tight.slack = 30min;
  EXPECT_GT(preemption_cost(tight, kDay).breach, 0);
  EXPECT_EQ(shrink_cost(tight, 6, kDay).breach, 0);
}

TEST(VictimCost, WaitsForACheckpointThatComesSoon) {
  EXPECT_TRUE(is_cheaper_after_checkpoint(job(), kDay, kDay + 1min, 8));
  EXPECT_FALSE(is_cheaper_after_checkpoint(job(), kDay, kDay + 11min, 8));
  EXPECT_FALSE(is_cheaper_after_checkpoint(job(), kDay, kDay + 1min, 1000)) << "too many wait";
  EXPECT_FALSE(is_cheaper_after_checkpoint(job(), kDay, kDay, 8));
}

TEST(Unpreemptible, SaysWhy) {
  EXPECT_EQ(unpreemptible(job(), kDay), std::nullopt);
  RunningJob other = job();
  other.min_runtime = 3h;
  EXPECT_EQ(unpreemptible(other, kDay), Unpreemptible::TooYoung);
  EXPECT_EQ(unpreemptible(other, kDay + 1h), std::nullopt);
  other = job();
  other.preemptions_left = 0;
  EXPECT_EQ(unpreemptible(other, kDay), Unpreemptible::PreemptedTooOften);
  other.preemptible = false;
  EXPECT_EQ(unpreemptible(other, kDay), Unpreemptible::NotPreemptible);
  EXPECT_EQ(name(Unpreemptible::TooYoung), "TooYoung");
}

}  // namespace
}  // namespace berth::sched
