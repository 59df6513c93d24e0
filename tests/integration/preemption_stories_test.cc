#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Who gives way to whom, as users see it.
namespace berth::integration {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class PreemptionStory : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_THAT(cluster.broken(), IsEmpty());
    cluster.pass(seconds(20));
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }
  static Cluster::JobChange priority(int64_t priority) {
    return [priority](api::GpuJob& job) { job.spec.priority = priority; };
  }
  static Cluster::JobChange tier(const std::string& tier) {
    return [tier](api::GpuJob& job) { job.spec.tier = tier; };
  }
  static Cluster::QuotaChange borrows(int64_t limit) {
    return [limit](api::Quota& quota) { quota.spec.limits.front().borrowing_limit = limit; };
  }
  std::string message(const std::string& job, std::string_view type) const {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* condition = api::find_condition(seen.status.conditions, type);
    return condition == nullptr ? "" : condition->message;
  }
  bool runs(const std::string& job) const {
    return cluster.said(job, "Ready") == "True AllWorkersReady";
  }

  Cluster cluster;
};

TEST_F(PreemptionStory, LessUrgentWorkOfTheSameTenantGivesWay) {
  cluster.node("a", 8).quota("blue", 8).job("low", 1, 8).settle();
  cluster.job("high", 1, 8, priority(10)).settle();
  EXPECT_TRUE(runs("high"));
  EXPECT_EQ(cluster.said("low", "Preempted"), "True Preempted");
  EXPECT_THAT(message("low", "Preempted"), HasSubstr("gives way to blue/high"));
  EXPECT_EQ(cluster.job_named("low").status.preemptions, 1);
  EXPECT_FALSE(cluster.job_named("high").status.nominated);
}

TEST_F(PreemptionStory, WhoGaveWayRunsAgainOnceThereIsRoom) {
  cluster.node("a", 8).quota("blue", 8).job("low", 1, 8).settle();
  cluster.behaves("high", {.runs = seconds(30)}).job("high", 1, 8, priority(10));
  EXPECT_TRUE(cluster.until([&] { return cluster.is_finished("high"); }));
  EXPECT_TRUE(cluster.until([&] { return runs("low"); }));
  EXPECT_EQ(cluster.job_named("low").status.attempt, 2);
}

TEST_F(PreemptionStory, WorkOfEqualUrgencyWaits) {
  cluster.node("a", 8).quota("blue", 8).job("first", 1, 8).settle();
  cluster.job("second", 1, 8).pass(seconds(5));
  EXPECT_TRUE(runs("first"));
  EXPECT_EQ(cluster.said("second", "Admitted"), "False OverQuota");
}

TEST_F(PreemptionStory, AGuaranteeIsTakenBackFromWhoBorrowedIt) {
  cluster.node("a", 8).quota("red", 4, borrows(4)).job("borrower", 1, 8).settle();
  cluster.quota("blue", 4).job("owner", 1, 4).settle();
  EXPECT_TRUE(runs("owner"));
  cluster.in("red");
  EXPECT_EQ(cluster.said("borrower", "Preempted"), "True Preempted");
  EXPECT_THAT(message("borrower", "Preempted"), HasSubstr("gives way to blue/owner"));
}

TEST_F(PreemptionStory, ATenantWithinItsGuaranteeKeepsWhatItHas) {
  cluster.node("a", 8).quota("red", 8).job("holder", 1, 8).settle();
  cluster.quota("blue", 0, borrows(8)).job("guest", 1, 4, priority(100)).pass(seconds(5));
  cluster.in("red");
  EXPECT_TRUE(runs("holder"));
}

TEST_F(PreemptionStory, VictimsHaveTheirGraceAndTheProofIsPublishedMeanwhile) {
  cluster.node("a", 8).ends_nothing("a").quota("blue", 8).job("low", 1, 8).settle();
  cluster.job("high", 1, 8, priority(10)).pass(seconds(5));
  EXPECT_EQ(cluster.said("high", "Admitted"), "False Preempting");
  EXPECT_THAT(message("high", "Admitted"), HasSubstr("until blue/low has given way"));
  ASSERT_TRUE(cluster.job_named("high").status.nominated);
  EXPECT_EQ(cluster.job_named("high").status.nominated->workers.front().node, "a");
  EXPECT_EQ(cluster.used("blue"), 8) << "charged once, to who holds it";
}

TEST_F(PreemptionStory, WhatVictimsFreeIsKeptForThePreemptor) {
  cluster.node("a", 8).quota("blue", 16).job("low", 1, 8).ends_nothing("a").settle();
  cluster.job("high", 1, 8, priority(10)).pass(seconds(2));
  cluster.job("sneaky", 1, 8, priority(5)).pass(seconds(2));
  cluster.finish("low-1-0", 42).pass(seconds(2));
  EXPECT_EQ(cluster.said("high", "Admitted"), "True Admitted");
  EXPECT_EQ(cluster.said("sneaky", "Admitted"), "False NoCapacity");
}

// It is decided in the same pass: nothing shows yet that the devices are anybody's to leave.
TEST_F(PreemptionStory, WhoTakesWhatIsLeftOverWaitsForTheVictimsToo) {
  cluster.node("a", 4).node("b", 4).quota("blue", 16);
  cluster.ends_nothing("a").ends_nothing("b").job("low", 2, 4).settle();
  cluster.job("next", 1, 4).settle();
  cluster.job("high", 1, 4, priority(10)).pass(seconds(2));
  EXPECT_EQ(cluster.said("high", "Admitted"), "False Preempting");
  EXPECT_FALSE(cluster.job_named("next").status.placement);
  EXPECT_THAT(message("next", "Admitted"), HasSubstr("that others are giving back"));
  cluster.finish("low-1-0", 42).finish("low-1-1", 42).pass(seconds(2));
  EXPECT_TRUE(runs("high"));
  EXPECT_TRUE(runs("next"));
}

TEST_F(PreemptionStory, ANominationEndsWithTheJobThatItIsFor) {
  cluster.node("a", 8).ends_nothing("a").quota("blue", 8).job("low", 1, 8).settle();
  cluster.job("high", 1, 8, priority(10)).pass(seconds(2));
  cluster.delete_job("high").pass(seconds(2));
  EXPECT_FALSE(cluster.has_job("high"));
  cluster.finish("low-1-0", 42).pass(seconds(2));
  EXPECT_EQ(cluster.job_named("low").status.attempt, 2);
}

TEST_F(PreemptionStory, WhoHasGoneAndRunsElsewhereIsNotToldToGoAgain) {
  cluster.node("a", 8).node("b", 8).quota("blue", 32);
  cluster.job("quick", 1, 8).settle();
  cluster.job("slow", 1, 8).settle();
  const std::string node = cluster.job_named("slow").status.placement->workers.front().node;
  cluster.ends_nothing(node);
  cluster.job("high", 2, 8, priority(10)).pass(seconds(2));
  cluster.node("c", 8).pass(seconds(5));
  EXPECT_EQ(cluster.said("high", "Admitted"), "False Preempting") << "slow is still there";
  EXPECT_TRUE(runs("quick"));
  EXPECT_EQ(cluster.job_named("quick").status.preemptions, 1);
  cluster.finish("slow-1-0", 42).pass(seconds(5));
  EXPECT_TRUE(runs("high"));
  EXPECT_EQ(cluster.job_named("quick").status.preemptions, 1);
}

TEST_F(PreemptionStory, AWholeGangGivesWayForAWholeGang) {
  cluster.node("a", 8).node("b", 8).quota("blue", 16).job("low", 2, 8).settle();
  cluster.job("high", 2, 4, priority(10)).settle();
  EXPECT_TRUE(runs("high"));
  EXPECT_EQ(cluster.job_named("low").status.preemptions, 1);
}

}  // namespace
}  // namespace berth::integration
