#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// What work is promised by its tier, as users see it.
namespace berth::integration {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class TierStory : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(cluster.broken(), IsEmpty()); }
  static Cluster::JobChange of(const std::string& tier) {
    return [tier](api::GpuJob& job) { job.spec.tier = tier; };
  }
  static Cluster::QuotaChange offers(std::vector<std::string> tiers) {
    return [tiers = std::move(tiers)](api::Quota& quota) { quota.spec.tiers = tiers; };
  }
  static Cluster::TierChange promises(int64_t percent, Millis window = hours(10)) {
    return [=](api::SlaTier& tier) {
      tier.spec.device_time_percent = percent;
      tier.spec.window_seconds = window / seconds(1);
    };
  }
  std::string why(const std::string& job) const {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* condition = api::find_condition(seen.status.conditions, "Admitted");
    return condition == nullptr ? "" : condition->reason + ": " + condition->message;
  }
  std::string kept(const std::string& tier) const {
    const api::SlaTier seen = cluster.tier_named(tier);
    const api::Condition* condition = api::find_condition(seen.status.conditions, "Kept");
    return condition == nullptr ? "" : condition->reason + ": " + condition->message;
  }
  bool runs(const std::string& job) const {
    return cluster.said(job, "Ready") == "True AllWorkersReady";
  }

  Cluster cluster;
};

// ---- which tiers there are ----

TEST_F(TierStory, AnUnknownTierIsSaidWithThoseThatThereAre) {
  cluster.tier("premium", 0).tier("spot", 20).node("a", 8).quota("blue", 8);
  cluster.job("train", 1, 1, of("gold")).pass(seconds(5));
  EXPECT_EQ(why("train"), "NoTier: tier gold does not exist: it may ask for premium, spot");
  cluster.tier("gold", 5).pass(seconds(2));
  EXPECT_TRUE(runs("train"));
}

TEST_F(TierStory, ATierThatTheTenantMayNotUseIsSaidWithThoseThatItMay) {
  cluster.tier("premium", 0).tier("standard", 10).tier("spot", 20).node("a", 8);
  cluster.quota("blue", 8, offers({"standard", "spot"}));
  cluster.job("train", 1, 1, of("premium")).pass(seconds(5));
  EXPECT_EQ(why("train"),
            "NoTier: tier premium is not for quota blue: it may ask for standard, spot");
  cluster.job("plain", 1, 1).settle();
  EXPECT_TRUE(runs("plain")) << "the first is that of work that names none";
}

TEST_F(TierStory, WorkThatNeverGivesWayDoesNotBorrow) {
  cluster.tier("premium", 0, [](api::SlaTier& tier) { tier.spec.preemptible = false; });
  cluster.tier("spot", 20).node("a", 8);
  cluster.quota("blue", 2,
                [](api::Quota& quota) { quota.spec.limits.front().borrowing_limit = 6; });
  cluster.job("firm", 1, 3, of("premium")).pass(seconds(5));
  EXPECT_THAT(why("firm"), HasSubstr("OverQuota: wants 3 nvidia-h200, quota's own guarantee leaves "
                                     "2: work of tier premium never gives way"));
  cluster.job("loose", 1, 3, of("spot")).settle();
  EXPECT_TRUE(runs("loose"));
}

// ---- how promises are kept ----

TEST_F(TierStory, WorkThatGotItsTimeIsSaidToHaveIt) {
  cluster.tier("gold", 0, promises(90)).node("a", 8).quota("blue", 8);
  cluster.job("train", 1, 4, of("gold")).pass(minutes(2));
  EXPECT_EQ(cluster.tier_named("gold").status.attainment_percent, 100);
  EXPECT_EQ(kept("gold"), "PromisesKept: everybody got what was promised");
}

TEST_F(TierStory, ATierWithoutWorkSaysNothingOfAttainment) {
  cluster.tier("gold", 0, promises(90)).pass(minutes(2));
  EXPECT_FALSE(cluster.tier_named("gold").status.attainment_percent);
}

TEST_F(TierStory, AJobThatWaitsTooLongIsFirstAtRiskAndThenMissed) {
  cluster.tier("gold", 0, promises(90)).node("a", 4).quota("blue", 8);
  cluster.job("first", 1, 4, of("gold")).settle();
  cluster.job("second", 1, 4, of("gold")).pass(minutes(30));
  EXPECT_EQ(cluster.tier_named("gold").status.attainment_percent, 100);
  EXPECT_EQ(cluster.tier_named("gold").status.jobs_at_risk, 0);
  cluster.pass(minutes(25));  // of the 60 that it may lose
  EXPECT_EQ(cluster.tier_named("gold").status.jobs_at_risk, 1);
  cluster.pass(minutes(10));
  EXPECT_EQ(cluster.tier_named("gold").status.attainment_percent, 50);
  EXPECT_EQ(kept("gold"),
            "DeviceTimeMissed: 1 of 2 jobs got less than 90% of the device time asked for");
}

TEST_F(TierStory, ANewLeaderReadsTheAccountsBack) {
  cluster.tier("gold", 0, promises(90)).node("a", 4).quota("blue", 8);
  cluster.job("first", 1, 4, of("gold")).settle();
  cluster.job("second", 1, 4, of("gold")).pass(minutes(50));
  cluster.first().crash();
  cluster.start_operator("operator-1");
  EXPECT_TRUE(cluster.until([&] { return cluster.newest().program->is_leading(); }));
  cluster.pass(minutes(15));
  EXPECT_EQ(cluster.tier_named("gold").status.attainment_percent, 50);
}

TEST_F(TierStory, WaitingForWhatTheOwnerCanMendIsNotHeldAgainstTheTier) {
  cluster.tier("gold", 0, promises(90)).node("a", 8).quota("blue", 2);
  cluster.job("large", 1, 4, of("gold")).pass(hours(2));
  EXPECT_THAT(why("large"), HasSubstr("OverQuota"));
  EXPECT_EQ(cluster.tier_named("gold").status.attainment_percent, 100);
}

TEST_F(TierStory, AWaitLongerThanTheTierAllowsIsSaidWithTheJob) {
  cluster.tier("quick", 0, [](api::SlaTier& tier) { tier.spec.max_queue_seconds = 600; });
  cluster.node("a", 4).quota("blue", 8).job("first", 1, 4, of("quick")).settle();
  cluster.job("second", 1, 4, of("quick")).pass(minutes(9));
  EXPECT_EQ(kept("quick"), "PromisesKept: everybody got what was promised");
  cluster.pass(minutes(3));
  EXPECT_EQ(
      kept("quick"),
      "QueueTimeMissed: 1 job has waited longer than 600 seconds, the longest is blue/second");
}

TEST_F(TierStory, StatusesOfTiersAreWrittenSeldom) {
  cluster.tier("gold", 0, promises(90)).node("a", 8).quota("blue", 8);
  int writes = 0;
  cluster.after_step = [&, last = std::string()](Process&) mutable {
    const std::string version = cluster.tier_named("gold").meta.resource_version;
    if (version != last) ++writes;
    last = version;
  };
  for (int i = 0; i < 20; ++i) {
    cluster.job("j" + std::to_string(i), 1, 1, of("gold")).pass(seconds(30));
  }
  EXPECT_LE(writes, 1 + 10 * 60 / 30);
}

}  // namespace
}  // namespace berth::integration
