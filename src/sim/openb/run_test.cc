#include "sim/openb/run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "sim/openb/curve.h"
#include "sim/openb/test_trace.h"

namespace berth::sim::openb {
namespace {

Trace tens() {  // ten nodes of one device, ten pods of one device
  std::string nodes;
  std::string pods;
  for (char c = 'a'; c < 'k'; ++c) {
    nodes += std::string(1, c) + ",1,1,1,G2\n";
    pods += std::string(1, c) + ",0,0,1,1000,\n";
  }
  return trace_of(nodes, pods);
}

TEST(OpenbRun, AllocatesWhatFitsAndCountsWhatIsRefused) {
  const auto report = run(tens(), {.policy = "bestfit", .seeds = {1, 2, 3}}, {});
  ASSERT_TRUE(report);
  EXPECT_DOUBLE_EQ(*report->allocation_percent.at(90), 90);
  EXPECT_DOUBLE_EQ(*report->allocation_percent.at(100), 100);
  EXPECT_DOUBLE_EQ(*report->allocation_percent.at(130), 100);
  EXPECT_FALSE(report->allocation_percent.at(95));  // no pod arrives near that demand
  EXPECT_DOUBLE_EQ(*report->sd_at_100, 0);
  EXPECT_EQ(report->decisions, 39);
  EXPECT_EQ(report->refused_pods, 9);
  EXPECT_FALSE(report->decisions_per_second);
  EXPECT_FALSE(report->lp_bound_percent_at_100);
}

TEST(OpenbRun, ReportsSpeedProgressAndTheBoundFromOutside) {
  std::chrono::nanoseconds now{0};
  int64_t last = 0;
  size_t arrived_by_100 = 0;
  const Outside outside{.cpu_time = [&] { return now += std::chrono::milliseconds(100); },
                        .progress = [&](int64_t done, int64_t) { last = done; },
                        .lp_bound =
                            [&](const Trace&, std::span<const Shape> arrived) {
                              arrived_by_100 = arrived.size();
                              return Result<double>(99.5);
                            }};
  const auto report = run(tens(), {.policy = "fgd", .seeds = {1, 2}}, outside);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->decisions_per_second, 130);  // 26 pods in two batches of 100 ms
  EXPECT_EQ(last, 26);
  EXPECT_EQ(arrived_by_100, 10U);
  EXPECT_DOUBLE_EQ(*report->lp_bound_percent_at_100, 99.5);
}

TEST(OpenbRun, RefusesSettingsThatCannotBe) {
  EXPECT_EQ(run(tens(), {.policy = "fgd"}, {}).error().message, "seeds: want at least one");
  EXPECT_EQ(run(tens(), {.policy = "fgd", .seeds = {1}, .inflate_permille = 0}, {}).error().message,
            "inflate: want above 0 and at most 10");
  EXPECT_EQ(run(tens(), {.policy = "x", .seeds = {1}}, {}).error().message,
            "policy x: no such policy");
}

TEST(Curve, IsTheMeanOverPodsWhoseDemandRoundsToThePercent) {
  Curve curve(1000);
  curve.add(104, 10);
  curve.add(106, 20);
  curve.add(114, 40);
  EXPECT_DOUBLE_EQ(*curve.at(10), 1);
  EXPECT_DOUBLE_EQ(*curve.at(11), 3);
  EXPECT_DOUBLE_EQ(*curve.at(12), 3);  // none: within one percent
  EXPECT_FALSE(curve.at(13));
}

TEST(Curve, HasMeansAndSampleDeviations) {
  const double values[] = {1, 2, 4, 5};
  EXPECT_DOUBLE_EQ(*mean(values), 3);
  EXPECT_NEAR(*deviation(values), 1.8257, 1e-4);
  EXPECT_FALSE(mean({}));
  EXPECT_FALSE(deviation(std::span(values).first(1)));
}

// The published results, of which two seeds say enough here (sd 0.1 for fgd).
TEST(OpenbRun, ReproducesThePublishedAllocation) {
  const std::string folder = "../shared/traces/openb/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const auto trace =
      read_trace(folder + "openb_node_list_gpu_node.csv", folder + "openb_pod_list_default.csv");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->nodes.size(), 1213U);
  EXPECT_EQ(trace->capacity_milli(), 6'212'000);
  const auto at_100 = [&](const char* policy) {
    const auto report = run(*trace, {.policy = policy, .seeds = {42, 43}}, {});
    return report ? report->allocation_percent.at(100).value_or(0) : 0;
  };
  EXPECT_NEAR(at_100("fgd"), 95.23, 0.5);
  EXPECT_NEAR(at_100("bestfit"), 92.86, 0.5);
  EXPECT_NEAR(at_100("dotprod"), 90.62, 0.5);
}

}  // namespace
}  // namespace berth::sim::openb
