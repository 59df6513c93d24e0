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

TEST_F(PlanTest, RefusesWhatTheApiServerWouldRefuseAndSaysWhere) {
  const auto bad = plan(job("bad", -1));
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err,
              AllOf(HasSubstr("plan.yaml:1: "), HasSubstr("spec.worker.devices[0].count")));
  const auto kind = plan("apiVersion: berth.dev/v1alpha1\nkind: Pool\nmetadata: {name: x}\n");
  EXPECT_EQ(kind.exit, 2);
  EXPECT_THAT(kind.err, HasSubstr("only GpuJob, Quota and SlaTier can be planned"));
  EXPECT_EQ(plan("").exit, 2);
  EXPECT_THAT(plan("kind: Pod\n").err, HasSubstr("apiVersion: want berth.dev/v1alpha1"));
}

}  // namespace
}  // namespace berth::cli
