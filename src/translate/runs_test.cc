#include "translate/runs.h"

#include <gtest/gtest.h>

namespace berth::translate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Instant kNow{hours{480'000}};

api::GpuJob running(Millis since) {
  api::GpuJob job;
  job.meta.uid = "u";
  job.meta.name_space = "team";
  job.spec.worker.image = "trainer:1";
  job.spec.workers = {2, 2};
  job.spec.worker.devices = {{.device_class = "nvidia-h200", .count = 4}};
  job.status.placement =
      api::Placement{1, {{"", "a", "nvidia-h200", 4}, {"", "b", "nvidia-h200", 4}}};
  job.status.admitted_at = kNow - since - minutes(1);
  job.status.started_at = kNow - since;
  return job;
}

sched::Run seen(const api::GpuJob& job, const sched::Estimates& known = sched::Estimates()) {
  return run_of(job, "", sched::no_tier(), known, kNow);
}

TEST(Runs, WithoutACheckpointAllWorkSinceTheStartIsAtStake) {
  const sched::Run run = seen(running(hours(2)));
  EXPECT_EQ(run.job.devices, 8);
  EXPECT_EQ(run.job.started, kNow - hours(2));
  EXPECT_FALSE(run.job.saves_on_notice);
  EXPECT_GE(preemption_cost(run.job, kNow).total(), 16 * sched::kDeviceHour);
}

TEST(Runs, WithACheckpointOnNoticeOnlyTheRestartIs) {
  api::GpuJob job = running(hours(2));
  job.spec.checkpoint = api::Checkpoint{.uri = "pvc://claim"};
  EXPECT_LT(preemption_cost(seen(job).job, kNow).total(), sched::kDeviceHour);
}

TEST(Runs, ATierSaysWhoMayBeTakenAndWhen) {
  const sched::Tier tier{.preemptible = false, .min_runtime = minutes(10)};
  const sched::Run run = run_of(running(hours(2)), "premium", tier, sched::Estimates(), kNow);
  EXPECT_FALSE(run.job.preemptible);
  EXPECT_EQ(run.job.min_runtime, minutes(10));
  EXPECT_TRUE(seen(running(hours(2))).job.preemptible) << "without a tier nothing is promised";
}

TEST(Runs, EndAsTheyWereDeclaredToAtTheLatest) {
  api::GpuJob job = running(minutes(10));
  job.spec.limits.max_runtime_seconds = 1'200;
  const sched::Run run = seen(job);
  EXPECT_EQ(run.ends_surely, kNow + minutes(10) + run.grace) << "at its limit it is told to go";
  EXPECT_LE(run.ends, run.ends_surely);
}

TEST(Runs, OfReplicasThoseWithTheMostErrorBudgetGoFirstAndTheFrozenAfterAnyJob) {
  const auto cost = [](int64_t headroom) {
    api::GpuJob job = running(hours(200));
    job.spec.replica = api::Replica{.preemptible = true, .headroom_percent = headroom};
    return preemption_cost(seen(job).job, kNow).total();
  };
  api::GpuJob saved = running(minutes(10));
  saved.spec.checkpoint = api::Checkpoint{};
  const int64_t cheapest_job = preemption_cost(seen(saved).job, kNow).total();
  const int64_t days_work = preemption_cost(seen(running(hours(20))).job, kNow).total();
  EXPECT_EQ(cost(100), 0);
  EXPECT_LT(cost(90), cost(20));
  EXPECT_LT(cost(10), cheapest_job);
  EXPECT_GT(cost(0), days_work);
}

TEST(Runs, EndAsTheWorkersForecast) {
  api::GpuJob job = running(minutes(10));
  job.status.progress = api::Progress{.eta_seconds = 90, .last_heartbeat = kNow - seconds(30)};
  EXPECT_EQ(seen(job).ends, kNow + seconds(60));
}

TEST(Runs, ElseAsThoseLikeThemDid) {
  sched::Estimates known;
  const api::GpuJob job = running(minutes(10));
  for (int i = 0; i < 50; ++i) known.learn(run_key(job, "nvidia-h200"), minutes(30));
  const Instant ends = seen(job, known).ends;
  EXPECT_GE(ends, kNow + minutes(15));
  EXPECT_LE(ends, kNow + minutes(30));
}

TEST(Runs, ThatAreEndingAreLeftAloneAndGoneWithTheirGrace) {
  api::GpuJob job = running(hours(1));
  job.spec.checkpoint = api::Checkpoint{.uri = "pvc://claim", .grace_seconds = 120};
  job.status.attempts = {{.attempt = 1, .ended_at = kNow - seconds(20)}};
  const sched::Run run = seen(job);
  EXPECT_FALSE(run.job.preemptible);
  EXPECT_EQ(run.ends, kNow + seconds(100));
}

TEST(Runs, AreLearnedOfJobsThatCompleteByWhatTheyKept) {
  api::GpuJob job = running(hours(1));
  job.status.device_seconds = api::DeviceSeconds{.productive = 8 * 3'600, .lost = 800};
  EXPECT_FALSE(whole_run(job));
  job.status.conditions = {{.type = "Complete", .status = api::ConditionStatus::True}};
  EXPECT_EQ(whole_run(job), Millis(hours(1)));
}

TEST(Runs, WorkThatNamesNoTierHasItsQuotasFirst) {
  Tenancy tenancy;
  tenancy.quota_of["team"] = {"blue"};
  EXPECT_EQ(tier_name(running(hours(1)), tenancy), "");
  tenancy.tiers[{"blue"}] = {"standard", "spot"};
  EXPECT_EQ(tier_name(running(hours(1)), tenancy), "standard");
}

}  // namespace
}  // namespace berth::translate
