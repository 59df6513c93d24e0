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
  void manifest(Json object) {
    object.erase("status");
    object["apiVersion"] = "berth.dev/v1alpha1";  // which lists leave out
    object["kind"] = object.at("spec").contains("workers") ? "GpuJob" : "Quota";
    const Json& meta = object.at("metadata");
    object["metadata"] = {{"name", meta.at("name")}};
    if (meta.contains("namespace")) object["metadata"]["namespace"] = meta.at("namespace");
    std::ofstream(path_) << object.dump();
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
