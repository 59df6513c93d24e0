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
