#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/controllers/gpujob/gpujob_plan.h"
#include "operator/controllers/gpujob/testing/situation.h"

// The two sides of a preemption: who waits for the devices, and who gives way.
namespace berth::control {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(GpuJobNominated, PublishesThePlacementAndWhomItWaitsForOnce) {
  Situation s;
  s.nominate({"a"}, "until blue/low has given way");
  const JobPlan plan = s.store();
  ASSERT_TRUE(plan.status);
  EXPECT_EQ(plan.status->nominated, s.nominated->placement);
  EXPECT_FALSE(plan.status->placement);
  EXPECT_EQ(said(s.job, "Admitted"), "False Preempting");
  EXPECT_THAT(plan.notes, SizeIs(1));
  EXPECT_FALSE(s.plan().status);
}

TEST(GpuJobNominated, BecomesThePlacementOnceItIsCharged) {
  Situation s;
  s.nominate({"a"}, "until blue/low has given way").store();
  s.nominated.reset();
  s.grant({"a"}).store();
  EXPECT_TRUE(s.job.status.placement);
  EXPECT_FALSE(s.job.status.nominated);
  EXPECT_EQ(said(s.job, "Admitted"), "True Admitted");
}

TEST(GpuJobNominated, IsTakenBackWhenTheNextPassHoldsIt) {
  Situation s;
  s.nominate({"a"}, "until blue/low has given way").store();
  s.nominated.reset();
  s.hold(sched::Reason::NoCapacity, "wants 1, 0 are free", seconds(60)).store();
  EXPECT_FALSE(s.job.status.nominated);
  EXPECT_EQ(said(s.job, "Admitted"), "False NoCapacity");
}

TEST(GpuJobNominated, IsTakenBackBySuspension) {
  Situation s;
  s.nominate({"a"}, "until blue/low has given way").store();
  s.suspended().store();
  EXPECT_FALSE(s.job.status.nominated);
}

TEST(GpuJobGivingWay, WritesDownTheCauseBeforeAnyPodIsTouched) {
  Situation s;
  s.placed({"a"}).started();
  s.has_to_stop = StopFacts{EndCause::Preempted, "gives way to blue/high"};
  const JobPlan plan = s.store();
  ASSERT_TRUE(plan.status);
  EXPECT_THAT(plan.delete_pods, IsEmpty());
  EXPECT_EQ(plan.status->attempts.back().cause, "Preempted");
  EXPECT_EQ(plan.status->preemptions, 1);
  EXPECT_THAT(condition(s.job, "Preempted")->message, HasSubstr("gives way to blue/high, lost"));
  EXPECT_THAT(s.plan().delete_pods, SizeIs(1));
}

TEST(GpuJobGivingWay, KeepsItsOwnEndWhenThatCameFirst) {
  Situation s;
  s.placed({"a"}).started().pod(0, exited(0));
  s.has_to_stop = StopFacts{EndCause::Preempted, "gives way to blue/high"};
  EXPECT_EQ(s.plan().status->attempts.back().cause, "Completed");
}

}  // namespace
}  // namespace berth::control
