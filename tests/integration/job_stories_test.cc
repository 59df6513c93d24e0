#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// The life of GpuJobs as their users see it.
namespace berth::integration {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JobStory : public testing::Test {
 protected:
  std::vector<std::string> nodes_of(const std::string& job) {
    std::vector<std::string> nodes;
    if (const auto& placement = cluster.job_named(job).status.placement) {
      for (const auto& worker : placement->workers) nodes.push_back(worker.node);
    }
    return nodes;
  }
  void TearDown() override {
    EXPECT_THAT(cluster.broken(), IsEmpty());
    cluster.pass(seconds(20));  // whatever was kept of the leader before is forgiven by then
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }
  std::string why(const std::string& job) {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* admitted = api::find_condition(seen.status.conditions, "Admitted");
    return admitted == nullptr ? "" : admitted->message;
  }

  Cluster cluster;
};

// As those of a job whose namesake a restored store has.
TEST_F(JobStory, AddressesThatVanishAtOnceAreNotPublishedInALoop) {
  cluster.node("a", 8).quota("blue", 4);
  int published = 0;
  cluster.after_step = [&](Process&) {
    std::vector<std::string> names;
    for (const Json* slice : cluster.server.list(kube::kEndpointSlices)) {
      names.push_back((*slice)["metadata"]["name"]);
    }
    for (const std::string& name : names) {
      cluster.server.handle(kube::remove(kube::kEndpointSlices, "blue", name));
      ++published;
    }
  };
  cluster.job("train", 2).pass(seconds(10));
  cluster.after_step = {};
  EXPECT_GE(published, 5);
  EXPECT_LE(published, 12);
}

TEST_F(JobStory, AGangThatMustLieInOneRackWaitsForARack) {
  cluster.node("a1", 8, "r1").node("a2", 8, "r1").node("b1", 8, "r2").node("b2", 8, "r2");
  cluster.quota("blue", 64).job("small", 1, 2).settle();  // breaks r1
  const auto near = [](api::TopologyMode mode) {
    return [mode](api::GpuJob& job) {
      job.spec.topology = api::Topology{"example.com/rack", mode};
    };
  };
  cluster.job("gang", 2, 8, near(api::TopologyMode::Required)).settle();
  EXPECT_THAT(nodes_of("gang"), testing::ElementsAre("b1", "b2"));
  cluster.job("waits", 2, 6, near(api::TopologyMode::Required)).settle();
  EXPECT_THAT(nodes_of("waits"), testing::ElementsAre("a1", "a2")) << "six beside the two";
  cluster.job("third", 2, 2, near(api::TopologyMode::Required)).pass(seconds(5));
  EXPECT_EQ(cluster.said("third", "Admitted"), "False NoCapacity");
}

TEST_F(JobStory, IsAdmittedRunsAndIsComplete) {
  cluster.node("a", 8).quota("blue", 4).job("train", 2, 2).settle();
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-1-0", "train-1-1"));
  EXPECT_EQ(cluster.used("blue"), 4);
  cluster.finish("train-1-0", 0).finish("train-1-1", 0).pass(seconds(3));
  EXPECT_EQ(cluster.said("train", "Complete"), "True Completed");
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(JobStory, AGangIsPublishedOnceTheSliceOfAnEarlierJobOfItsNameIsGone) {
  cluster.node("a", 8).quota("blue", 4);
  Json old = {{"metadata", {{"name", "train-1-0"}, {"namespace", "blue"}}},
              {"addressType", "IPv4"},
              {"endpoints", Json::array()}};
  cluster.server.handle(kube::create(kube::kEndpointSlices, old));
  const auto slice = [&] {
    return cluster.server.find(kube::kEndpointSlices, "blue", "train-1-0");
  };
  ASSERT_NE(slice(), nullptr);
  cluster.job("train", 2).settle();
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_TRUE((*slice())["endpoints"].empty());
  cluster.remove(kube::kEndpointSlices, "train-1-0");
  EXPECT_TRUE(cluster.until([&] { return slice() && (*slice())["endpoints"].size() == 2; }));
}

TEST_F(JobStory, NamespacesAreLabelledWithTheirQuota) {
  cluster.quota("blue", 4).settle();
  const auto label = [&]() -> std::string {
    const Json* found = cluster.server.find(kube::kNamespaces, "", "blue");
    return found->at("metadata").at("labels").value("berth.dev/quota", "none");
  };
  EXPECT_EQ(label(), "blue");
  cluster.remove(kube::kQuotas, "blue").settle();
  EXPECT_EQ(label(), "none");
}

TEST_F(JobStory, TheSecondWaitsWithItsReasonAndStartsByItself) {
  cluster.node("a", 8).quota("blue", 4).job("first", 1, 3).settle();
  cluster.job("second", 1, 4).pass(seconds(2));
  EXPECT_EQ(cluster.said("second", "Admitted"), "False OverQuota");
  EXPECT_THAT(why("second"), HasSubstr("wants 4"));
  EXPECT_EQ(cluster.quota_named("blue").status.limits.front().pending, 4);
  cluster.finish("first-1-0", 0).settle();
  EXPECT_EQ(cluster.said("second", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.used("blue"), 4);
}

TEST_F(JobStory, AJobOfANamespaceWithoutAQuotaSaysSo) {
  cluster.node("a", 8).in("default").job("lost", 1).pass(seconds(2));
  EXPECT_EQ(cluster.said("lost", "Admitted"), "False NoQuota");
  cluster.quota("late", 2, [](auto& quota) { quota.spec.namespaces = {"default"}; }).settle();
  EXPECT_EQ(cluster.said("lost", "Admitted"), "True Admitted");
}

TEST_F(JobStory, AGangThatCannotFitStartsNoPod) {
  cluster.node("a", 3).node("b", 3).quota("blue", 16).job("gang", 4, 2).pass(seconds(60));
  EXPECT_EQ(cluster.said("gang", "Admitted"), "False TooLarge");
  EXPECT_THAT(cluster.pods(), IsEmpty());
  EXPECT_EQ(cluster.used("blue"), 0);
  cluster.node("c", 4).settle();
  EXPECT_THAT(cluster.live_pods(), SizeIs(4));
}

TEST_F(JobStory, IsSuspendedAndResumed) {
  cluster.node("a", 8).quota("blue", 4).job("train", 1, 4).settle();
  cluster.job("other", 1, 4).settle();
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-1-0"));
  cluster.change_job("train", [](auto& job) { job.spec.suspend = true; }).settle();
  EXPECT_EQ(cluster.said("train", "Suspended"), "True Suspended");
  EXPECT_THAT(cluster.live_pods(), ElementsAre("other-1-0"));
  cluster.change_job("train", [](auto& job) { job.spec.suspend = false; }).pass(seconds(2));
  EXPECT_EQ(cluster.said("train", "Admitted"), "False OverQuota");
  cluster.finish("other-1-0", 0).settle();
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-2-0"));
  EXPECT_EQ(cluster.job_named("train").status.failures, 0);
}

TEST_F(JobStory, ACheckpointThatAWorkerWritesWhenSuspendedSavesItsTime) {
  cluster.node("a", 8).ends_nothing("a").quota("blue", 4).job("train", 1, 4).pass(seconds(60));
  cluster.change_job("train", [](auto& job) { job.spec.suspend = true; }).settle();
  EXPECT_GT(cluster.job_named("train").status.device_seconds->lost, 200);
  cluster.finish("train-1-0", 42, R"({"step":40,"checkpointStep":40})").settle();
  const api::GpuJobStatus status = cluster.job_named("train").status;
  EXPECT_EQ(status.checkpoint->step, 40);
  EXPECT_EQ(status.device_seconds->lost, 0);
  EXPECT_GT(status.device_seconds->productive, 200);
}

TEST_F(JobStory, DeletedUnderWayLeavesNothing) {
  cluster.node("a", 8).quota("blue", 4).job("train", 2, 2).settle();
  cluster.delete_job("train").pass(seconds(3));
  EXPECT_FALSE(cluster.has_job("train"));
  EXPECT_THAT(cluster.pods(), IsEmpty());
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(JobStory, ADeletedJobKeepsItsChargeUntilItsWorkersAreGone) {
  cluster.node("a", 8).ends_nothing("a").quota("blue", 4).job("train", 1, 4).settle();
  cluster.delete_job("train").job("next", 1, 4).pass(seconds(120));
  EXPECT_TRUE(cluster.has_job("train"));
  EXPECT_EQ(cluster.used("blue"), 4);
  EXPECT_EQ(cluster.said("next", "Admitted"), "False OverQuota");
  cluster.kubelet.remove("blue", "train-1-0");
  cluster.settle();
  EXPECT_FALSE(cluster.has_job("train"));
  EXPECT_THAT(cluster.live_pods(), ElementsAre("next-1-0"));
}

TEST_F(JobStory, ADeletedNamespaceLeavesNothing) {
  cluster.node("a", 8).quota("blue", 4).job("train", 2).job("waits", 4).settle();
  cluster.remove(kube::kNamespaces, "blue").pass(seconds(3));
  EXPECT_EQ(cluster.server.find(kube::kNamespaces, "", "blue"), nullptr);
  EXPECT_EQ(cluster.server.count(kube::kGpuJobs), 0u);
  EXPECT_EQ(cluster.server.count(kube::kPods), 0u);
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(JobStory, AFailureIsTriedAgainAfterItsBackoff) {
  cluster.node("a", 8).quota("blue", 4).job("train", 1, 1,
                                            [](auto& job) { job.spec.retry.backoff_seconds = 10; });
  cluster.settle().finish("train-1-0", 1).pass(seconds(9));
  EXPECT_THAT(cluster.live_pods(), IsEmpty());
  EXPECT_EQ(cluster.job_named("train").status.failures, 1);
  cluster.pass(seconds(1));
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-2-0"));
}

TEST_F(JobStory, GivesUpAfterMaxFailures) {
  cluster.node("a", 8).quota("blue", 4);
  cluster.job("train", 1, 1, [](auto& job) { job.spec.retry.max_failures = 1; });
  cluster.behaves("train", {.runs = seconds(5), .exits = {1, 1}}).pass(seconds(60));
  EXPECT_EQ(cluster.said("train", "Failed"), "True MaxFailures");
  EXPECT_EQ(cluster.job_named("train").status.attempts.size(), 2u);
}

TEST_F(JobStory, AFinishedJobIsDeletedWhenItsTimeIsOver) {
  cluster.node("a", 8).quota("blue", 4);
  cluster.job("train", 1, 1, [](auto& job) { job.spec.limits.ttl_seconds_after_finished = 30; });
  cluster.behaves("train", {.runs = seconds(5)}).pass(seconds(34));
  EXPECT_EQ(cluster.said("train", "Complete"), "True Completed");
  cluster.pass(seconds(2));
  EXPECT_FALSE(cluster.has_job("train"));
  EXPECT_THAT(cluster.pods(), IsEmpty());
}

TEST_F(JobStory, RunsNoLongerThanItMayOverAllItsAttempts) {
  cluster.node("a", 8).quota("blue", 4);
  cluster.job("train", 1, 1, [](auto& job) { job.spec.limits.max_runtime_seconds = 50; });
  cluster.behaves("train", {.runs = seconds(20), .exits = {1, 1, 1}}).pass(seconds(100));
  EXPECT_EQ(cluster.said("train", "Failed"), "True DeadlineExceeded");
  EXPECT_EQ(cluster.job_named("train").status.attempts.size(), 3u);
}

// ---- what happens to workers ----

TEST_F(JobStory, AWorkerThatSomebodyDeletesTakesItsGangAlong) {
  cluster.node("a", 8).quota("blue", 4).job("train", 2).settle();
  cluster.delete_pod("train-1-1").settle();
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-2-0", "train-2-1"));
  EXPECT_EQ(cluster.job_named("train").status.preemptions, 1);
  EXPECT_EQ(cluster.job_named("train").status.failures, 0);
}

TEST_F(JobStory, AnEvictedWorkerIsAPreemption) {
  cluster.node("a", 8).quota("blue", 4).job("train", 2).settle();
  cluster.server.handle(kube::evict("blue", "train-1-0"));
  cluster.settle();
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-2-0", "train-2-1"));
  EXPECT_EQ(cluster.job_named("train").status.preemptions, 1);
}

TEST_F(JobStory, ANodeDeletedUnderAPlannedGangCostsNothing) {
  cluster.node("a", 4).node("b", 8).starts_nothing("a").quota("blue", 4).job("train", 2, 2);
  cluster.settle();
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-1-0", "train-1-1"));
  cluster.remove(kube::kNodes, "a").settle();
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.job_named("train").status.failures, 0);
  EXPECT_EQ(cluster.job_named("train").status.preemptions, 0);
  EXPECT_EQ(cluster.job_named("train").status.placement->workers.front().node, "b");
}

TEST_F(JobStory, ANodeDeletedUnderARunningGangIsAPreemption) {
  cluster.node("a", 4).node("b", 8).quota("blue", 4).job("train", 2, 2).settle();
  cluster.delete_node("a").settle();
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.job_named("train").status.preemptions, 1);
}

TEST_F(JobStory, ARejectedPlanIsMadeAnewElsewhereAndCostsNothing) {
  cluster.node("a", 4).node("b", 8).rejects("a", "OutOfcpu").quota("blue", 4).job("train", 1, 2);
  cluster.settle();
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.job_named("train").status.placement->workers.front().node, "b");
  EXPECT_EQ(cluster.job_named("train").status.attempts.front().cause, "PlanFailed");
  EXPECT_EQ(cluster.job_named("train").status.failures, 0);
}

TEST_F(JobStory, ANodeThatFailedAPlanIsTriedAgainLater) {
  cluster.node("a", 4).rejects("a", "OutOfcpu").quota("blue", 4).job("train", 1, 2);
  cluster.pass(seconds(10));
  EXPECT_THAT(cluster.live_pods(), IsEmpty());
  EXPECT_EQ(cluster.used("blue"), 0);
  cluster.rejects("a", "").pass(std::chrono::minutes(10));
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
}

TEST_F(JobStory, AGangThatIsNotReadyInTimeIsPlannedAnew) {
  cluster.node("a", 4).node("b", 8).starts_nothing("a").quota("blue", 4);
  cluster.job("train", 1, 2, [](auto& job) { job.spec.start_timeout_seconds = 60; });
  cluster.pass(seconds(59));
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-1-0"));
  cluster.pass(seconds(2));
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.job_named("train").status.failures, 0);
}

TEST_F(JobStory, OnAnUnreachableNodeNoNewAttemptStartsBesideTheOldOne) {
  cluster.node("a", 4).node("b", 8).ends_nothing("a").quota("blue", 4).job("train", 1, 2).settle();
  cluster.server.handle(kube::evict("blue", "train-1-0"));
  cluster.pass(std::chrono::minutes(10));
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-1-0"));
  EXPECT_EQ(cluster.used("blue"), 2);
  cluster.delete_node("a").settle();
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-2-0"));
}

TEST_F(JobStory, AFullCycleOfChargesEndsAtZero) {
  cluster.node("a", 8).node("b", 8).quota("blue", 6);
  for (int i = 0; i < 6; ++i) {
    const std::string name = "job-" + std::to_string(i);
    cluster.job(name, 1 + i % 2, 1 + i % 3).behaves(name, {.runs = seconds(7), .exits = {i % 2}});
  }
  EXPECT_TRUE(cluster.until([&] {
    for (int i = 0; i < 6; ++i) {
      if (!cluster.is_finished("job-" + std::to_string(i))) return false;
    }
    return true;
  }));
  cluster.pass(seconds(3));
  EXPECT_EQ(cluster.used("blue"), 0);
  EXPECT_EQ(cluster.quota_named("blue").status.limits.front().pending, 0);
}

}  // namespace
}  // namespace berth::integration
