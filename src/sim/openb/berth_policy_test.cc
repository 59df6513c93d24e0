#include "sim/openb/berth_policy.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "sim/openb/policies.h"
#include "sim/openb/run.h"
#include "sim/openb/test_trace.h"
#include "sim/openb/trace_bound.h"

namespace berth::sim::openb {
namespace {

std::unique_ptr<Policy> berth_for(const Trace& trace) {
  auto made = BerthPolicy::make(trace, trace.nodes);
  EXPECT_TRUE(made);
  return made ? *std::move(made) : nullptr;
}

TEST(BerthPolicy, SaysWhichDevicesItTook) {
  const Trace trace = trace_of("a,9,9,4,G\n", "p,0,0,1,600,\nq,0,0,2,1000,\nr,1,1,0,0,\n");
  const auto policy = berth_for(trace);
  const auto share = policy->place(trace.shape_of(0));
  const auto pair = policy->place(trace.shape_of(1));
  ASSERT_TRUE(share && pair);
  EXPECT_EQ(std::popcount(share->devices), 1);
  EXPECT_EQ(std::popcount(pair->devices), 2);
  EXPECT_EQ(share->devices & pair->devices, 0U);
  EXPECT_EQ(policy->place(trace.shape_of(2)), (Placement{0, 0}));
}

TEST(BerthPolicy, LeavesScarceModelsToWhoNeedsThem) {
  const Trace trace =
      trace_of("a,9,9,1,RARE\nb,9,9,1,COMMON\n", "p,0,0,1,1000,\nq,0,0,1,1000,RARE\n");
  const auto policy = berth_for(trace);
  EXPECT_EQ(policy->place(trace.shape_of(0))->node, 1);
  EXPECT_EQ(policy->place(trace.shape_of(1))->node, 0);
  EXPECT_FALSE(policy->place(trace.shape_of(1)));
}

TEST(BerthPolicy, BreaksTiesBetweenNodesThatAreAlikeByTheSeed) {
  const Trace trace = trace_of("a,9,9,1,G\nb,9,9,1,G\n", "p,0,0,1,1000,\n");
  std::set<int32_t> first;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto policy = BerthPolicy::make(trace, trace.nodes, {.ties = seed});
    ASSERT_TRUE(policy);
    first.insert((*policy)->place(trace.shape_of(0))->node);
  }
  EXPECT_EQ(first.size(), 2U);
}

TEST(TraceBound, BindsPodsToTheirModels) {
  const Trace trace = trace_of("a,9,9,1,RARE\nb,9,9,3,COMMON\n", "q,0,0,1,1000,RARE\n");
  const std::vector<Shape> arrived(3, trace.shape_of(0));
  EXPECT_NEAR(*bound_percent(trace, arrived), 25, 0.01);
}

// Two seeds of the recorded trace; the standard deviation is 0.1.
class BerthOnOpenb : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << folder_ << " is not there";
  }
  double at_100(const std::string& pods, Settings settings = {}) {
    const auto trace = read_trace(folder_ + "openb_node_list_gpu_node.csv",
                                  folder_ + "openb_pod_list_" + pods + ".csv");
    EXPECT_TRUE(trace);
    if (!trace) return 0;
    settings.policy = "berth";
    settings.seeds = {42, 43};
    const auto report = run(*trace, settings, {});
    EXPECT_TRUE(report);
    return report ? report->allocation_percent.at(100).value_or(0) : 0;
  }
  const std::string folder_ = "../shared/traces/openb/";
};

TEST_F(BerthOnOpenb, FillsMoreThanThePublishedPolicies) {
  EXPECT_GT(at_100("default"), 95.3);
  EXPECT_GT(at_100("cpu200"), 95.0);
}

TEST_F(BerthOnOpenb, LeansNeitherOnNamesNorOnChance) {
  const double plain = at_100("default");
  EXPECT_EQ(at_100("default", {.random_ties = true}), plain);
  EXPECT_EQ(at_100("default", {.shuffle_names = true}), plain);
}

}  // namespace
}  // namespace berth::sim::openb
