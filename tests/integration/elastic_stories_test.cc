#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Gangs that run with what there is, and work that waits for other work.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class ElasticStory : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_THAT(cluster.broken(), IsEmpty());
    cluster.pass(seconds(20));
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }
  static Cluster::JobChange from(int64_t min) {
    return [min](api::GpuJob& job) {
      job.spec.workers.min = min;
      job.spec.checkpoint = api::Checkpoint{.uri = "pvc://checkpoints/train"};
    };
  }
  static Cluster::JobChange after(std::vector<std::string> jobs) {
    return [jobs](api::GpuJob& job) { job.spec.depends_on = jobs; };
  }
  static Cluster::JobChange priority(int64_t priority) {
    return [priority](api::GpuJob& job) { job.spec.priority = priority; };
  }
  std::string message(const std::string& job, std::string_view type) const {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* condition = api::find_condition(seen.status.conditions, type);
    return condition == nullptr ? "" : condition->message;
  }
  // The workers of train's first attempt do as they were asked to.
  void save_at_step(int64_t step) {
    const std::string at = std::to_string(step);
    const std::string said = R"({"step":)" + at + R"(,"checkpointStep":)" + at +
                             R"(,"checkpointUri":"pvc://checkpoints/train/)" + at +
                             R"(","checkpointSha256":")" + std::string(64, 'a') + R"("})";
    for (int worker = 0; worker < 8; ++worker) {
      cluster.finish("train-1-" + std::to_string(worker), 42, worker == 0 ? said : "");
    }
  }
  size_t workers(const std::string& job) const {
    const auto& placement = cluster.job_named(job).status.placement;
    return placement ? placement->workers.size() : 0;
  }

  Cluster cluster;
};

TEST_F(ElasticStory, StartsWithFewerWorkersRatherThanWait) {
  cluster.node("a", 8).quota("blue", 8).job("other", 1, 5).settle();
  cluster.job("train", 4, 1, from(2)).settle();
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(workers("train"), 3u);
  EXPECT_THAT(cluster.live_pods(), SizeIs(4));
}

TEST_F(ElasticStory, GrowsOnceWhatItLackedIsIdleAndLosesNothingByIt) {
  cluster.node("a", 8).quota("blue", 8).job("other", 1, 5).settle();
  cluster.job("train", 8, 1, from(2)).settle();
  EXPECT_EQ(workers("train"), 3u);
  cluster.finish("other-1-0", 0).pass(minutes(5));
  EXPECT_EQ(workers("train"), 3u) << "it has only just started";
  cluster.pass(minutes(8));
  EXPECT_EQ(workers("train"), 8u);
  const api::GpuJob job = cluster.job_named("train");
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(job.status.attempts.back().cause, "Resized");
  EXPECT_EQ(job.status.preemptions, 0);
  EXPECT_FALSE(job.status.nominated);
}

TEST_F(ElasticStory, DoesNotGrowIntoWhatOthersWaitFor) {
  cluster.node("a", 8).quota("blue", 16).job("other", 1, 5).settle();
  cluster.job("train", 8, 1, from(2)).settle();
  cluster.job("wide", 1, 7).finish("other-1-0", 0).pass(minutes(15));
  EXPECT_EQ(workers("train"), 3u);
}

TEST_F(ElasticStory, ASuspendedGangDoesNotGrow) {
  cluster.node("a", 8).quota("blue", 8).job("other", 1, 5).settle();
  cluster.job("train", 8, 1, from(2)).settle();
  cluster.finish("other-1-0", 0);
  cluster.change_job("train", [](auto& job) { job.spec.suspend = true; }).pass(minutes(15));
  EXPECT_EQ(workers("train"), 0u);
}

TEST_F(ElasticStory, MakesRoomForUrgentWorkAndGoesOnWithWhatIsLeft) {
  cluster.node("a", 8).quota("blue", 8).job("train", 8, 1, from(2)).settle();
  EXPECT_EQ(workers("train"), 8u);
  cluster.job("urgent", 1, 4, [](auto& job) { job.spec.priority = 10; }).pass(minutes(2));
  EXPECT_EQ(cluster.said("urgent", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(workers("train"), 4u);
}

TEST_F(ElasticStory, WhoGivesWayInPartIsResizedAndNotPreempted) {
  cluster.node("a", 8).quota("blue", 8).job("train", 8, 1, from(2)).settle();
  cluster.job("urgent", 1, 4, priority(10)).settle();
  const api::GpuJob train = cluster.job_named("train");
  ASSERT_EQ(train.status.attempts.size(), 1u);
  EXPECT_EQ(train.status.attempts.back().cause, "Resized");
  EXPECT_EQ(train.status.preemptions, 0);
  EXPECT_EQ(train.status.attempt, 2);
  EXPECT_FALSE(train.status.nominated);
  EXPECT_EQ(workers("train"), 4u);
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.said("urgent", "Ready"), "True AllWorkersReady");
}

TEST_F(ElasticStory, WhatAGangKeepsIsItsOwnWhileItGivesWay) {
  cluster.node("a", 8).ends_nothing("a").quota("blue", 8).job("train", 8, 1, from(2)).settle();
  cluster.job("urgent", 1, 4, priority(10)).pass(seconds(2));
  const api::GpuJob leaving = cluster.job_named("train");
  EXPECT_THAT(message("urgent", "Admitted"),
              StartsWith("until blue/train (which goes on with 4 workers) has given way"));
  ASSERT_TRUE(leaving.status.nominated);
  EXPECT_THAT(leaving.status.nominated->workers, SizeIs(4));
  EXPECT_EQ(message("train", "Ready"), "goes on with 4 workers, gives way to blue/urgent");
  cluster.job("sneaky", 1, 2).pass(seconds(2));
  save_at_step(120);
  cluster.pass(seconds(2));
  EXPECT_EQ(cluster.said("urgent", "Admitted"), "True Admitted");
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
  EXPECT_EQ(workers("train"), 4u);
  EXPECT_EQ(cluster.said("sneaky", "Admitted").substr(0, 5), "False");
  const api::GpuJob train = cluster.job_named("train");
  EXPECT_EQ(train.status.checkpoint->step, 120) << "it goes on from there";
  EXPECT_EQ(train.status.attempts.back().lost_device_seconds, 0);
}

TEST_F(ElasticStory, AGangThatHasBegunToGiveWayGoesOnWhereItsPlaceIsKept) {
  cluster.node("a", 8).ends_nothing("a").quota("blue", 8).job("train", 8, 1, from(2)).settle();
  cluster.job("urgent", 1, 4, priority(10)).pass(seconds(2));
  cluster.delete_job("urgent").pass(seconds(2));
  EXPECT_FALSE(cluster.has_job("urgent"));
  save_at_step(120);
  cluster.pass(seconds(5));
  EXPECT_EQ(workers("train"), 4u);
  EXPECT_EQ(cluster.job_named("train").status.attempt, 2);
  cluster.ends_nothing("a", false).pass(minutes(15));
  EXPECT_EQ(workers("train"), 8u) << "and grows once it has run for a while";
}

TEST_F(ElasticStory, TwoVictimsOfWhichOneGoesOn) {
  cluster.node("b", 4).quota("blue", 24).job("small", 1, 4).settle();
  cluster.ends_nothing("b").node("a", 8);
  cluster.job("train", 8, 1, from(2)).settle();
  cluster.job("urgent", 2, 4, priority(10)).pass(seconds(5));
  EXPECT_EQ(workers("train"), 4u) << "its place does not wait for the other victim";
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.said("urgent", "Admitted"), "False Preempting");
  cluster.finish("small-1-0", 42).pass(seconds(5));
  EXPECT_EQ(cluster.said("urgent", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.job_named("train").status.attempt, 2);
}

TEST_F(ElasticStory, GrowsOnANodeWhereItsNewPlaceWouldFitBesideTheOld) {
  cluster.node("a", 16).quota("blue", 16).job("other", 1, 14).settle();
  cluster.job("train", 4, 1, from(1)).settle();
  EXPECT_EQ(workers("train"), 2u);
  cluster.finish("other-1-0", 0).pass(minutes(15));
  EXPECT_EQ(workers("train"), 4u);
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.job_named("train").status.attempts.back().cause, "Resized");
}

TEST_F(ElasticStory, AJobWaitsForThoseThatItDependsOn) {
  cluster.node("a", 8).quota("blue", 8).job("first", 1, 1).settle();
  cluster.job("second", 1, 1, after({"first", "other"})).pass(seconds(3));
  EXPECT_EQ(cluster.said("second", "Admitted"), "False Dependency");
  cluster.job("other", 1, 1).behaves("other", {.runs = seconds(1)});
  cluster.finish("first-1-0", 0).pass(seconds(5));
  EXPECT_EQ(cluster.said("second", "Ready"), "True AllWorkersReady");
}

}  // namespace
}  // namespace berth::integration
