#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"
#include "tests/integration/cluster.h"

// What `kubectl berth plan` says is what the operator then does.
namespace berth::integration {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PlanStory : public testing::Test {
 protected:
  // The object as it would be applied.
  void manifest(const Json& object) { std::ofstream(path_) << document(object); }
  // Another one in the same file.
  void more(const Json& object) {
    std::ofstream(path_, std::ios::app) << "\n---\n" << document(object);
  }
  void create(const kube::Resource& resource, Json object) {
    object["apiVersion"] = "berth.dev/v1alpha1";
    const auto reply = cluster.server.handle(kube::create(resource, object));
    EXPECT_EQ(reply.status, 201) << reply.body;
  }
  static std::string document(Json object) {
    object.erase("status");
    object["apiVersion"] = "berth.dev/v1alpha1";  // which lists leave out
    if (!object.contains("kind")) {
      object["kind"] = object.at("spec").contains("workers") ? "GpuJob" : "Quota";
    }
    const Json& meta = object.at("metadata");
    object["metadata"] = {{"name", meta.at("name")}};
    if (meta.contains("namespace")) object["metadata"]["namespace"] = meta.at("namespace");
    return object.dump();
  }
  Json plan(int want_exit = 0) {
    std::ostringstream out;
    std::ostringstream err;
    const cli::Surroundings around{
        .out = out,
        .err = err,
        .cpu_time = {},
        .now = [&] { return cluster.clock.now(); },
        .connect = [&](const cli::ClusterFlags&) -> Result<cli::Connection> {
          return cli::Connection{.name_space = "blue", .send = [&](const kube::Request& request) {
                                   return Result<kube::Response>(cluster.server.handle(request));
                                 }};
        }};
    const std::vector<const char*> words{"kubectl-berth", "plan", "-f", path_.c_str(), "--json"};
    const int exit = cli::run_program(static_cast<int>(words.size()), words.data(), around);
    EXPECT_EQ(exit, want_exit) << err.str();
    return Json::parse(out.str(), nullptr, false);
  }
  static Json then_of(const Json& plan, const std::string& name) {
    for (const Json& one : plan.at("workloads")) {
      if (one.at("name") == name) return one.at("then");
    }
    return nullptr;
  }
  std::vector<std::string> nodes_of(const std::string& job) {
    std::vector<std::string> nodes;
    const auto placement = cluster.job_named(job).status.placement;
    if (!placement) return nodes;
    for (const api::PlacedWorker& worker : placement->workers) nodes.push_back(worker.node);
    return nodes;
  }
  // Of a job as it is created in a cluster of its own.
  static Json job_object(const std::string& name, int64_t workers, int64_t devices,
                         const Cluster::JobChange& change = {}) {
    Cluster other;
    other.quota("blue", 1).job(name, workers, devices, change);
    return *other.server.find(kube::kGpuJobs, "blue", name);
  }

  Cluster cluster;

 private:
  const std::string path_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
};

TEST_F(PlanStory, AJobStartsOnTheVeryNodesThatThePlanNamed) {
  cluster.node("a", 8).node("b", 8).node("c", 4).quota("blue", 16);
  cluster.job("small", 1, 3).settle();
  manifest(job_object("train", 2, 4));
  const Json then = then_of(plan(), "train");
  EXPECT_EQ(then.at("is"), "Starts");
  EXPECT_THAT(nodes_of("small"), testing::SizeIs(1)) << "a plan changes nothing";
  cluster.job("train", 2, 4).settle();
  EXPECT_EQ(Json(nodes_of("train")), then.at("nodes"));
}

TEST_F(PlanStory, WhoIsToGiveWayGivesWay) {
  cluster.node("a", 8).node("b", 8).quota("blue", 16);
  cluster.job("first", 1, 8).job("second", 1, 8).settle();
  const auto urgent = [](api::GpuJob& job) { job.spec.priority = 10; };
  manifest(job_object("high", 1, 8, urgent));
  const Json then = then_of(plan(), "high");
  ASSERT_EQ(then.at("is"), "Preempts") << then;
  const std::string victim = then.at("victims").at(0).at("name");
  cluster.job("high", 1, 8, urgent).settle();
  EXPECT_EQ(Json(nodes_of("high")), then.at("nodes"));
  EXPECT_EQ(cluster.said(victim, "Preempted"), "True Preempted");
}

TEST_F(PlanStory, WhoIsToGoOnWithFewerWorkersDoes) {
  cluster.node("a", 8).quota("blue", 8);
  cluster.job("train", 8, 1, [](api::GpuJob& job) {
    job.spec.workers.min = 2;
    job.spec.checkpoint = api::Checkpoint{.uri = "pvc://checkpoints/train"};
  });
  cluster.settle();
  const auto urgent = [](api::GpuJob& job) { job.spec.priority = 10; };
  manifest(job_object("high", 1, 4, urgent));
  const Json said = plan();
  EXPECT_EQ(then_of(said, "high").at("is"), "Preempts");
  const Json then = then_of(said, "train");
  EXPECT_EQ(then.at("is"), "Shrinks") << then;
  EXPECT_EQ(then.at("to").at("name"), "high");
  EXPECT_THAT(then.at("nodes"), testing::SizeIs(4));
  cluster.job("high", 1, 4, urgent).settle();
  EXPECT_EQ(Json(nodes_of("train")), then.at("nodes"));
  EXPECT_EQ(cluster.job_named("train").status.preemptions, 0);
}

TEST_F(PlanStory, ALargerQuotaStartsWhatWaitsForIt) {
  cluster.node("a", 8).quota("blue", 2).job("train", 1, 4).settle();
  EXPECT_THAT(nodes_of("train"), IsEmpty());
  Json quota = *cluster.server.find(kube::kQuotas, "", "blue");
  quota["spec"]["limits"][0]["guaranteed"] = 4;
  manifest(quota);
  const Json said = plan();
  EXPECT_EQ(said.at("objects").at(0).at("change"), "Update");
  EXPECT_EQ(then_of(said, "train").at("is"), "Starts");
  cluster.change_quota("blue", [](auto& q) { q.spec.limits.front().guaranteed = 4; }).settle();
  EXPECT_THAT(nodes_of("train"), ElementsAre("a"));
}

// All work onto nodes of one rack.
Json only_in(const std::string& rack, const std::string& mode) {
  const Json label = {{"key", "example.com/rack"}, {"operator", "In"}, {"values", {rack}}};
  return {{"kind", "PlacementPolicy"},
          {"metadata", {{"name", "only"}}},
          {"spec",
           {{"match", Json::object()},
            {"mode", mode},
            {"require", Json::array({{{"nodeLabel", label}}})}}}};
}

TEST_F(PlanStory, APolicyHoldsWhatThePlanSaidItWouldAndLeavesAloneWhatRuns) {
  cluster.node("a", 8, "r1").node("b", 8, "r1").quota("blue", 16);
  cluster.job("first", 1, 8).settle();
  manifest(only_in("r9", "Enforce"));
  more(job_object("second", 1, 8));
  const Json said = plan(1);
  EXPECT_EQ(then_of(said, "first").at("is"), "Runs");
  EXPECT_EQ(then_of(said, "first").at("reason"), "Policy") << "it would not be started today";
  EXPECT_EQ(then_of(said, "second").at("reason"), "Policy");
  create(kube::kPlacementPolicies, only_in("r9", "Enforce"));
  cluster.settle().job("second", 1, 8).pass(std::chrono::seconds(3));
  EXPECT_EQ(cluster.said("second", "Admitted"), "False Policy");
  EXPECT_THAT(nodes_of("first"), ElementsAre("a"));
}

TEST_F(PlanStory, AShadowPolicyReportsTheDivergenceOfThePlan) {
  cluster.node("a", 8, "r1").quota("blue", 8).settle();
  manifest(only_in("r9", "Shadow"));
  more(job_object("train", 1, 4));
  const Json said = plan();
  EXPECT_EQ(then_of(said, "train").at("is"), "Starts");
  ASSERT_EQ(said.at("divergences").size(), 1U) << said;
  EXPECT_EQ(said.at("divergences").at(0).at("workload"), "blue/train");
  create(kube::kPlacementPolicies, only_in("r9", "Shadow"));
  cluster.settle().job("train", 1, 4).pass(std::chrono::minutes(2));
  EXPECT_THAT(nodes_of("train"), ElementsAre("a"));
  const Json* policy = cluster.server.find(kube::kPlacementPolicies, "", "only");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->at("status").at("wouldChange"), 1) << policy->dump();
}

TEST_F(PlanStory, APoolGivesWaitingWorkTheNodesThatThePlanNamed) {
  constexpr const char* kB300 = "nvidia-b300";
  const auto of_pool = [&](api::GpuJob& job) {
    job.spec.worker.devices.front().device_class = kB300;
  };
  cluster.node("a", 8, "r1").node("b", 8, "r2");
  cluster.quota("blue", 8, [&](auto& q) { q.spec.limits.front().device_class = kB300; });
  cluster.job("train", 1, 8, of_pool).pass(std::chrono::seconds(2));
  EXPECT_THAT(nodes_of("train"), IsEmpty());
  const Json pool = {{"kind", "CapacityPool"},
                     {"metadata", {{"name", "new"}}},
                     {"spec",
                      {{"nodeSelector", {{"example.com/rack", "r2"}}},
                       {"class", kB300},
                       {"resource", "nvidia.com/gpu"}}}};
  manifest(pool);
  const Json then = then_of(plan(), "train");
  EXPECT_EQ(then.at("is"), "Starts");
  EXPECT_EQ(then.at("nodes"), Json::array({"b"}));
  create(kube::kCapacityPools, pool);
  cluster.pass(std::chrono::seconds(3));
  EXPECT_THAT(nodes_of("train"), ElementsAre("b"));
}

TEST_F(PlanStory, WhatIsHeldIsANoWithItsReason) {
  cluster.node("a", 8).quota("blue", 2).settle();
  manifest(job_object("train", 1, 4));
  const Json then = then_of(plan(1), "train");
  EXPECT_EQ(then.at("is"), "Held");
  cluster.job("train", 1, 4).pass(std::chrono::seconds(2));
  const auto job = cluster.job_named("train");
  const api::Condition* admitted = api::find_condition(job.status.conditions, "Admitted");
  ASSERT_NE(admitted, nullptr);
  EXPECT_EQ(then.at("reason"), admitted->reason);
  EXPECT_EQ(then.at("message"), admitted->message);
}

}  // namespace
}  // namespace berth::integration
