#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// What tenants spend, as users see it.
namespace berth::integration {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kDeviceHour = 3'600'000;

class BudgetStory : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(cluster.broken(), IsEmpty()); }
  static Cluster::QuotaChange budget(int64_t device_hours,
                                     api::OnSpent on_spent = api::OnSpent::Hold,
                                     api::BudgetWindow window = api::BudgetWindow::Month) {
    return [=](api::Quota& quota) {
      quota.spec.budget = api::Budget{
          .window = window, .device_hours = device_hours, .micro_usd = {}, .on_spent = on_spent};
    };
  }
  int64_t spent(const std::string& quota) const {
    const auto& used = cluster.quota_named(quota).status.budget_used;
    return used ? used->device_milliseconds : -1;
  }
  std::string said(const std::string& quota) const {
    const api::Quota seen = cluster.quota_named(quota);
    const api::Condition* condition = api::find_condition(seen.status.conditions, "BudgetSpent");
    if (condition == nullptr) return "";
    return (condition->is_true() ? "True " : "False ") + condition->message;
  }
  std::string why(const std::string& job) const {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* condition = api::find_condition(seen.status.conditions, "Admitted");
    return condition == nullptr ? "" : condition->reason + ": " + condition->message;
  }
  bool runs(const std::string& job) const {
    return cluster.said(job, "Ready") == "True AllWorkersReady";
  }

  Cluster cluster;
};

TEST_F(BudgetStory, ASpentBudgetHoldsNewWorkUntilTheWindowEnds) {
  cluster.node("a", 8).quota("blue", 8, budget(8, api::OnSpent::Hold, api::BudgetWindow::Day));
  cluster.job("first", 1, 4).pass(hours(1));
  EXPECT_THAT(said("blue"), HasSubstr("of 8.00 device-hours of this day: at 4 devices, as now, it "
                                      "runs out at"));
  cluster.pass(hours(1) + minutes(2));
  EXPECT_THAT(said("blue"), HasSubstr("True spent 8."));
  cluster.job("second", 1, 1).pass(seconds(5));
  EXPECT_THAT(why("second"),
              HasSubstr("BudgetSpent: quota blue has spent its 8.00 device-hours of this day: the "
                        "next begins at"));
  EXPECT_TRUE(runs("first")) << "what runs, runs on";
  const auto today = std::chrono::floor<std::chrono::days>(cluster.clock.now());
  cluster.pass(today + std::chrono::days(1) - cluster.clock.now() + seconds(5));
  EXPECT_TRUE(runs("second"));
  EXPECT_THAT(said("blue"), HasSubstr("False"));
}

TEST_F(BudgetStory, AnAlertOnlySaysSo) {
  cluster.node("a", 8).quota("blue", 8, budget(1, api::OnSpent::Alert)).job("first", 1, 4);
  cluster.pass(minutes(20)).job("second", 1, 1).settle();
  EXPECT_TRUE(runs("second"));
  cluster.pass(seconds(5));
  EXPECT_THAT(said("blue"), HasSubstr("work goes on starting"));
}

TEST_F(BudgetStory, WhatIsSpentBelowCountsAbove) {
  const auto below = [](api::Quota& quota) { quota.spec.parent = "acme"; };
  cluster.node("a", 8).quota("acme", 0, [](api::Quota& quota) {
    quota.spec.namespaces.clear();
    budget(1)(quota);
  });
  cluster.quota("blue", 4, below).job("first", 1, 4).quota("red", 4, below).pass(minutes(16));
  EXPECT_THAT(said("acme"), HasSubstr("True spent 1."));
  cluster.job("second", 1, 1).pass(seconds(5));
  EXPECT_THAT(why("second"), HasSubstr("BudgetSpent: quota acme has spent"));
}

TEST_F(BudgetStory, CrashesNeitherLoseNorRepeatWhatIsSpent) {
  cluster.node("a", 8).quota("blue", 8, budget(1000)).job("first", 1, 4).settle();
  const Instant start = cluster.clock.now();
  for (int i = 1; i <= 6; ++i) {
    cluster.pass(minutes(7) + seconds(13 * i));
    cluster.newest().crash();
    cluster.pass(minutes(3));  // nobody leads, and what runs is charged
    cluster.start_operator("operator-" + std::to_string(i));
    ASSERT_TRUE(cluster.until([&] { return cluster.newest().program->is_leading(); }));
  }
  cluster.pass(minutes(2)).delete_job("first").pass(seconds(30));
  const int64_t wanted = 4 * (cluster.clock.now() - start).count();
  EXPECT_NEAR(static_cast<double>(spent("blue")), static_cast<double>(wanted),
              4.0 * Millis(seconds(40)).count());
  EXPECT_GT(spent("blue"), kDeviceHour);
}

TEST_F(BudgetStory, ABudgetCountsFromWhenItIsSetAndIsForgottenWithIt) {
  cluster.node("a", 8).quota("blue", 8).job("first", 1, 4).pass(hours(1));
  EXPECT_EQ(spent("blue"), -1);
  cluster.change_quota("blue", budget(100)).pass(minutes(30));
  EXPECT_NEAR(static_cast<double>(spent("blue")), 2.0 * kDeviceHour, 0.1 * kDeviceHour);
  cluster.server.handle(
      kube::patch_merge(kube::kQuotas, "", "blue", {{"spec", {{"budget", nullptr}}}}));
  cluster.pass(seconds(5));
  EXPECT_EQ(spent("blue"), -1);
}

TEST_F(BudgetStory, SpendingIsWrittenAboutOncePerMinute) {
  cluster.node("a", 8).quota("blue", 8, budget(1000)).job("first", 1, 4).pass(minutes(1));
  const auto version = [&] { return cluster.quota_named("blue").meta.resource_version; };
  int writes = 0;
  for (int i = 0; i < 120; ++i) {
    const std::string before = version();
    cluster.pass(seconds(10));
    writes += version() != before ? 1 : 0;
  }
  EXPECT_GE(writes, 19);
  EXPECT_LE(writes, 21);
}

TEST_F(BudgetStory, AQuotaThatSpendsNothingIsNotWritten) {
  cluster.node("a", 8).quota("blue", 8, budget(1000)).pass(minutes(3));
  const std::string before = cluster.quota_named("blue").meta.resource_version;
  cluster.pass(hours(2));
  EXPECT_EQ(cluster.quota_named("blue").meta.resource_version, before);
}

}  // namespace
}  // namespace berth::integration
