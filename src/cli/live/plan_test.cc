#include "cli/live/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/live/testing/cluster.h"

namespace berth::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::LiveCluster;

// One tenant with eight devices on each of two nodes; low and old run, and fill them.
class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    cluster.node("a", 8).node("b", 8).name_space("blue");
    cluster.quota("blue", Json::array({LiveCluster::limit(16)}));
    cluster.job("low", "blue", 1, 8, {{"priority", -1}}).runs("low", "blue", {{"b", 8}});
    cluster.job("old", "blue", 1, 8).runs("old", "blue", {{"a", 8}}).hours(1);
    EXPECT_EQ(cluster.refused, "");
  }
  LiveCluster::Ran plan(const std::string& yaml, std::vector<const char*> more = {}) {
    const std::string path = ::testing::TempDir() + "plan.yaml";
    std::ofstream(path) << yaml;
    more.insert(more.begin(), {"plan", "-f", path.c_str(), "-n", "blue"});
    return cluster.run(std::move(more));
  }
  static std::string job(const std::string& name, int devices, const std::string& more = "") {
    return "apiVersion: berth.dev/v1alpha1\nkind: GpuJob\nmetadata: {name: " + name +
           "}\nspec:\n  workers: {min: 1, max: 1}\n  worker:\n    image: trainer\n" +
           "    devices: [{class: nvidia-h200, count: " + std::to_string(devices) + "}]\n" + more;
  }

  // A job of another tenant, which is not at its limit.
  void waits_in_green() {
    cluster.name_space("green").quota("green", Json::array({LiveCluster::limit(8)}));
    cluster.job("waits", "green", 1, 8);
    EXPECT_EQ(cluster.refused, "");
  }

  LiveCluster cluster;
};

TEST_F(PlanTest, NamesWhoGivesWayAndWhatIsLost) {
  const auto ran = plan(job("urgent", 8, "  priority: 5\n"));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("Create  GpuJob blue/urgent"),
                             HasSubstr("starts on b once gpujob/blue/low has given way"),
                             HasSubstr("runs  gives way to gpujob/blue/urgent")));
  EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("blue/old"))) << "nothing becomes of it";
}

TEST_F(PlanTest, WhatIsHeldIsANoAndStableInJson) {
  const auto ran = plan(job("more", 8, "  priority: -5\n"), {"-o", "json"});
  EXPECT_EQ(ran.exit, 1) << ran.err;
  const Json said = Json::parse(ran.out, nullptr, false);
  EXPECT_EQ(said.at("all_start"), false);
  const Json& more = said.at("workloads").at(0);
  EXPECT_EQ(more.at("name"), "more");
  EXPECT_TRUE(more.at("now").is_null());
  EXPECT_EQ(more.at("then").at("is"), "Held");
  EXPECT_EQ(more.at("then").at("reason"), "OverQuota");
}

TEST_F(PlanTest, AJobThatIsSuspendedLeavesItsDevicesToOthers) {
  cluster.job("waits", "blue", 1, 8).held("waits", "blue", "OverQuota", "");
  const auto ran = plan(job("old", 8, "  suspend: true\n"));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("starts on a"));
}

std::string only_c(const std::string& mode) {
  return "apiVersion: berth.dev/v1alpha1\nkind: PlacementPolicy\nmetadata: {name: only-c}\n"
         "spec:\n  match: {}\n  mode: " +
         mode + "\n  require: [{nodeLabel: {key: site, operator: In, values: [c]}}]\n";
}
std::string old_pool(const std::string& more) {
  return "apiVersion: berth.dev/v1alpha1\nkind: CapacityPool\nmetadata: {name: old}\n"
         "spec:\n  nodeSelector: {pool: old}\n  class: nvidia-h200\n"
         "  resource: nvidia.com/gpu-old\n" +
         more;
}

TEST_F(PlanTest, SaysWhatRunsAndAPolicyWouldNotStartAnyMore) {
  const auto ran = plan(only_c("Enforce"));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("Create  PlacementPolicy only-c"),
                             HasSubstr("runs, would not start today: Policy: ")));
  const Json said = Json::parse(plan(only_c("Enforce"), {"-o", "json"}).out, nullptr, false);
  const Json& low = said.at("workloads").at(0);
  EXPECT_EQ(low.at("name"), "low");
  EXPECT_TRUE(low.at("now").at("reason").is_null());
  EXPECT_EQ(low.at("then").at("is"), "Runs");
  EXPECT_EQ(low.at("then").at("reason"), "Policy");
}

TEST_F(PlanTest, SaysWhatAShadowPolicyWouldHaveChangedAndChangesNothing) {
  waits_in_green();
  cluster.node("c", 8);
  const auto ran = plan(only_c("Shadow"));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("Shadow policy only-c: green/waits would wait: no node"),
                             HasSubstr("The next pass decides the same")));
}

TEST_F(PlanTest, APoolMakesOfNodesWhatWaitingWorkWants) {
  waits_in_green();
  cluster.cut_node("d", "old", "nvidia.com/gpu-old", 8);
  const auto ran = plan(old_pool(""));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("Create  CapacityPool old"), HasSubstr("gpujob/green/waits"),
                             HasSubstr("starts on d")));
}

TEST_F(PlanTest, APoolThatWouldCountForNothingIsSaidToDoSo) {
  const auto ran = plan(
      old_pool("  memory: 80Gi\n"
               "  shares: [{resource: nvidia.com/mig-x, memory: 90Gi, computePercent: 10}]\n"));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("CapacityPool old counts for nothing: InvalidShares: mig-x has "));
  const auto refused = plan(old_pool("  shares: [{resource: nvidia.com/mig-x, memory: 1Gi}]\n"));
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("plan.yaml:1: spec.shares[0].computePercent: "));
}

TEST_F(PlanTest, NamesWhatElseWasKnownOfAPlace) {
  cluster.node("c", 8).node("d", 8);
  const auto next = plan(job("low", 8, "  priority: -1\n  suspend: true\n") + "---\n" +
                             job("small", 2, "  priority: 3\n"),
                         {"-o", "json"});
  const Json said = Json::parse(next.out, nullptr, false);
  const Json& small = said.at("workloads").at(1);
  EXPECT_EQ(small.at("name"), "small");
  ASSERT_FALSE(small.at("then").at("rejected").empty()) << next.out;
  EXPECT_THAT(small.at("then").at("rejected").at(0).get<std::string>(),
              HasSubstr(": Worse, scores "));
}

TEST_F(PlanTest, RefusesWhatTheApiServerWouldRefuseAndSaysWhere) {
  const auto bad = plan(job("bad", -1));
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err,
              AllOf(HasSubstr("plan.yaml:1: "), HasSubstr("spec.worker.devices[0].count")));
  const auto kind = plan("apiVersion: berth.dev/v1alpha1\nkind: Pool\nmetadata: {name: x}\n");
  EXPECT_EQ(kind.exit, 2);
  EXPECT_THAT(kind.err,
              HasSubstr("only CapacityPool, GpuJob, PlacementPolicy, Quota, Reservation and "
                        "SlaTier can be planned"));
  EXPECT_EQ(plan("").exit, 2);
  EXPECT_THAT(plan("kind: Pod\n").err, HasSubstr("apiVersion: want berth.dev/v1alpha1"));
}

}  // namespace
}  // namespace berth::cli
