#include "sim/queue/run_queue.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "sim/queue/testing/jobs.h"
#include "sim/queue/trace.h"

namespace berth::sim::queue {
namespace {

// One node of 4; a runs 0 to 100, b waits 90 of them and runs to 200, c is too wide.
QueueSetup two_jobs() {
  Jobs jobs({1, 4});
  jobs.job("a", 0, 4, 100).job("b", 10, 2, 100).job("c", 20, 5, 100);
  jobs.setup.jobs[0].visible.deadline = Instant(seconds(100));
  jobs.setup.jobs[1].visible.deadline = Instant(seconds(199));
  return jobs.setup;
}

TEST(QueueReport, SaysWhatTheReplayWasWorth) {
  const auto report = run_queue(two_jobs());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->jobs, 2);
  EXPECT_EQ(report->refused, 1);
  EXPECT_EQ(report->load, 15);  // 600 device-seconds of 4 devices in 10 s
  EXPECT_EQ(report->makespan_seconds, 200);
  EXPECT_EQ(report->utilisation_percent, 75);
  EXPECT_EQ(report->wait_seconds.mean, 45);
  EXPECT_EQ(report->wait_seconds.p50, 0);
  EXPECT_EQ(report->wait_seconds.p95, 90);
  EXPECT_EQ(report->jct_ratio_mean, 1.45);
  EXPECT_EQ(report->sla_attainment_percent.at(0), (std::pair<std::string, double>("Standard", 50)));
  EXPECT_EQ(report->lost_device_seconds, 0);
  EXPECT_EQ(report->deadlines_met_percent, 50);
}

TEST(QueueReport, HasNoNumberWhereThereIsNothingToMeasure) {
  Jobs jobs({1, 4});
  jobs.job("a", 0, 4, 100);
  EXPECT_FALSE(run_queue(jobs.setup)->load);
  EXPECT_FALSE(run_queue(jobs.setup)->deadlines_met_percent);
  jobs.setup.jobs.clear();
  EXPECT_EQ(run_queue(jobs.setup)->jobs, 0);
}

TEST(QueueReport, JudgesEachHourOfAJobByThePromiseOfItsTier) {
  Jobs jobs({1, 1});
  jobs.job("a", 0, 1, 5400).job("b", 0, 1, 7200);  // b waits one and a half of three and a half
  EXPECT_EQ(run_queue(jobs.setup)->sla_attainment_percent.at(0).second, 66.667);  // 2 + 2 of 6
  jobs.setup.tenants[0].tier = "Spot";
  EXPECT_EQ(run_queue(jobs.setup)->sla_attainment_percent.at(0),
            (std::pair<std::string, double>("Spot", 100)));
  jobs.setup.tenants[0].tier = "Gold";
  EXPECT_EQ(run_queue(jobs.setup).error().message, "tenant red: no tier Gold");
}

TEST(QueueReport, CountsDeviceTimeThatPreemptionsLost) {
  Jobs jobs({1, 8}, "las");
  jobs.job("old", 0, 8, 7200).job("new", 3600, 8, 100);
  EXPECT_EQ(run_queue(jobs.setup)->lost_device_seconds, 8 * (30 + 60));
}

TEST(ClusterForLoad, GivesTheFewestNodesForALoadThatHoldTheWidestJob) {
  Jobs jobs({1, 8});
  jobs.job("a", 0, 32, 1000).job("b", 1000, 1, 1000);  // 33 devices on average
  EXPECT_EQ(cluster_for_load(jobs.setup.jobs, 8, 1.0), (ClusterShape{5, 8}));
  EXPECT_EQ(cluster_for_load(jobs.setup.jobs, 8, 0.5), (ClusterShape{9, 8}));
  EXPECT_EQ(cluster_for_load(jobs.setup.jobs, 8, 2.0), (ClusterShape{4, 8}));
}

TEST(RunQueue, ReplaysARecordedClusterUnderEveryPolicy) {
  const std::filesystem::path trace = "../shared/traces/elasticflow/deadline/cluster06.csv.gz";
  if (!std::filesystem::exists(trace)) GTEST_SKIP() << "no " << trace;
  const auto load = load_traces({trace});
  ASSERT_TRUE(load) << load.error().message;
  ASSERT_EQ(load->jobs.size(), 2396U);
  std::map<std::string, QueueReport> by_policy;
  for (const std::string policy : {"fifo", "easy", "las", "drf"}) {
    QueueSetup setup{.jobs = load->jobs, .tenants = load->tenants};
    setup.cluster = cluster_for_load(load->jobs, 8, 0.9);
    setup.policy = policy;
    const auto report = run_queue(setup);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->jobs, 2396);
    EXPECT_EQ(report->useless_preemptions, 0);
    by_policy[policy] = *report;
  }
  EXPECT_LT(by_policy["easy"].wait_seconds.mean, by_policy["fifo"].wait_seconds.mean);
  EXPECT_LT(by_policy["las"].jct_ratio_mean, by_policy["easy"].jct_ratio_mean);
}

}  // namespace
}  // namespace berth::sim::queue
