#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/reservation.h"
#include "api/slatier.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Devices that are set aside for a time, as users see it.
namespace berth::integration {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class ReservationStory : public testing::Test {
 protected:
  using Change = std::function<void(api::Reservation&)>;

  void SetUp() override {
    api::SlaTier fixed;
    fixed.meta.name = "fixed";
    fixed.spec.preemptible = false;
    create(kube::kSlaTiers, api::to_json(fixed));
  }
  void TearDown() override {
    EXPECT_THAT(cluster.broken(), IsEmpty());
    cluster.pass(seconds(20));
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }
  void create(const kube::Resource& resource, Json object) {
    object.erase("status");
    const kube::Response reply = cluster.server.handle(kube::create(resource, object));
    EXPECT_LT(reply.status, 300) << reply.body;
  }
  // In the namespace "blue", in so long, for an hour.
  void reserve(const std::string& name, int64_t count, Millis in, const Change& change = {}) {
    api::Reservation one;
    one.meta.name = name;
    one.meta.name_space = "blue";
    one.spec.device_class = kH200;
    one.spec.count = count;
    one.spec.start = cluster.clock.now() + in;
    one.spec.duration_seconds = 3'600;
    if (change) change(one);
    create(kube::kReservations, api::to_json(one));
    cluster.settle();
  }
  api::Reservation seen(const std::string& name) const {
    const Json* found = cluster.server.find(kube::kReservations, "blue", name);
    if (found == nullptr) return {};
    Json typed = *found;
    typed["apiVersion"] = "berth.dev/v1alpha1";
    typed["kind"] = "Reservation";
    return *api::from_json<api::Reservation>(typed);
  }
  std::string said(const std::string& name, std::string_view type) const {
    const api::Reservation one = seen(name);
    const api::Condition* condition = api::find_condition(one.status.conditions, type);
    if (condition == nullptr) return "absent";
    return (condition->is_true() ? "True " : "False ") + condition->reason;
  }
  std::string nodes(const std::string& name) const {
    std::string text;
    for (const api::ReservedNode& node : seen(name).status.nodes) {
      text += (text.empty() ? "" : " ") + node.node + ":" + std::to_string(node.count);
    }
    return text;
  }
  static Cluster::JobChange uses(const std::string& reservation) {
    return [reservation](api::GpuJob& job) { job.spec.reservation = reservation; };
  }
  static void is_fixed(api::GpuJob& job) { job.spec.tier = "fixed"; }
  bool runs(const std::string& job) const {
    return cluster.said(job, "Ready") == "True AllWorkersReady";
  }

  Cluster cluster;
};

TEST_F(ReservationStory, ItsDevicesAreFreeAtTheStartAndItsUsersGetThem) {
  cluster.node("a", 8).quota("green", 16).quota("blue", 8);
  reserve("night", 8, hours(1));
  EXPECT_EQ(said("night", "Ready"), "True Booked");
  EXPECT_EQ(said("night", "Active"), "False NotStarted");
  EXPECT_EQ(nodes("night"), "a:8");
  cluster.in("blue").job("user", 1, 8, uses("night"));
  cluster.in("green").job("stays", 1, 8, is_fixed).job("goes", 1, 8).pass(seconds(5));
  EXPECT_EQ(cluster.said("stays", "Admitted"), "False NoCapacity");
  EXPECT_TRUE(runs("goes"));
  cluster.in("blue");
  EXPECT_EQ(cluster.said("user", "Admitted"), "False AwaitsReservation");
  EXPECT_EQ(cluster.used("blue"), 0);
  const Instant start = *seen("night").status.next_start;
  const auto pass_until = [&](Instant then) { cluster.pass(then - cluster.clock.now()); };
  pass_until(start - minutes(1) - seconds(1));
  cluster.in("green");
  EXPECT_TRUE(runs("goes"));
  cluster.pass(seconds(3));
  EXPECT_FALSE(runs("goes")) << "its grace period and a margin before the start";
  EXPECT_EQ(cluster.said("goes", "Preempted"), "True Preempted");
  pass_until(start - seconds(1));
  EXPECT_FALSE(cluster.in("blue").said("user", "Ready") == "True AllWorkersReady");
  pass_until(start + seconds(1));
  EXPECT_TRUE(runs("user"));
  EXPECT_EQ(said("night", "Active"), "True Started");
  EXPECT_EQ(cluster.used("blue"), 8);
  cluster.pass(hours(1));
  EXPECT_EQ(said("night", "Expired"), "True Expired");
  EXPECT_TRUE(runs("user")) << "it runs on as any other work of its tenant";
}

TEST_F(ReservationStory, DuringTheWindowOthersUseWhatIsIdleUntilAUserComes) {
  cluster.node("a", 8).quota("green", 8).quota("blue", 8);
  reserve("now", 8, seconds(0));
  EXPECT_EQ(said("now", "Active"), "True Started");
  EXPECT_EQ(cluster.used("blue"), 8) << "it is charged whether it is used or not";
  cluster.in("green").job("guest", 1, 8).settle();
  EXPECT_TRUE(runs("guest"));
  cluster.in("blue").job("user", 1, 8, uses("now"));
  EXPECT_TRUE(cluster.until([&] { return runs("user"); }, minutes(2)));
  EXPECT_EQ(cluster.used("blue"), 8);
  EXPECT_EQ(cluster.in("green").said("guest", "Preempted"), "True Preempted");
}

TEST_F(ReservationStory, WithoutBackfillIdleDevicesStayIdle) {
  cluster.node("a", 8).quota("green", 8).quota("blue", 8);
  reserve("now", 8, seconds(0), [](auto& one) { one.spec.allow_backfill = false; });
  cluster.in("green").job("guest", 1, 8).pass(seconds(5));
  EXPECT_EQ(cluster.said("guest", "Admitted"), "False NoCapacity");
  cluster.in("blue").remove(kube::kReservations, "now").settle();
  EXPECT_EQ(cluster.used("blue"), 0);
  EXPECT_TRUE(cluster.in("green").until([&] { return runs("guest"); }));
}

TEST_F(ReservationStory, ARecurringOneComesAgainOnTheSameNodes) {
  cluster.node("a", 8).node("b", 8).quota("blue", 8);
  reserve("daily", 8, minutes(10), [](auto& one) { one.spec.recurrence = api::Recurrence{}; });
  const std::string where = nodes("daily");
  const Instant first = *seen("daily").status.next_start;
  cluster.pass(minutes(11));
  EXPECT_EQ(said("daily", "Active"), "True Started");
  cluster.pass(hours(1));
  EXPECT_EQ(said("daily", "Active"), "False NotStarted");
  EXPECT_EQ(said("daily", "Ready"), "True Booked");
  EXPECT_EQ(*seen("daily").status.next_start, first + hours(24));
  EXPECT_EQ(nodes("daily"), where);
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(ReservationStory, WhatIsLostIsReplacedOrSaid) {
  cluster.node("a", 8).quota("blue", 8);
  reserve("now", 8, seconds(0));
  cluster.delete_node("a").settle();
  EXPECT_EQ(said("now", "Ready"), "False NoSuchDevice");
  cluster.node("b", 4).settle();
  EXPECT_EQ(said("now", "Ready"), "False NoCapacity");
  cluster.node("c", 8).settle();
  EXPECT_EQ(said("now", "Ready"), "True Booked");
  EXPECT_EQ(nodes("now"), "c:8");
  cluster.node("d", 2).delete_node("c").settle();
  EXPECT_EQ(said("now", "Ready"), "False NoCapacity");
}

TEST_F(ReservationStory, OnlyWhatIsGuaranteedCanBeReserved) {
  cluster.node("a", 8).quota("blue", 4);
  reserve("night", 8, hours(1));
  EXPECT_EQ(said("night", "Ready"), "False OverQuota");
  EXPECT_EQ(nodes("night"), "");
  cluster.change_quota("blue", [](auto& quota) { quota.spec.limits.front().guaranteed = 8; });
  cluster.settle();
  EXPECT_EQ(said("night", "Ready"), "True Booked");
}

TEST_F(ReservationStory, ALeaderThatComesInsideAWindowGoesOn) {
  cluster.node("a", 8).node("b", 8).quota("green", 8).quota("blue", 8);
  reserve("now", 8, seconds(0), [](auto& one) { one.spec.allow_backfill = false; });
  cluster.in("blue").job("first", 1, 4, uses("now")).settle();
  const std::string where = nodes("now");
  EXPECT_TRUE(runs("first"));
  cluster.first().crash();
  cluster.start_operator("operator-1");
  EXPECT_TRUE(cluster.until([&] { return cluster.newest().program->is_leading(); }));
  cluster.pass(seconds(20));
  EXPECT_EQ(nodes("now"), where);
  EXPECT_EQ(said("now", "Active"), "True Started");
  EXPECT_EQ(cluster.used("blue"), 8);
  cluster.job("second", 1, 4, uses("now")).settle();
  EXPECT_TRUE(runs("second"));
  EXPECT_EQ(cluster.used("blue"), 8);
  cluster.pass(hours(1));
  EXPECT_EQ(said("now", "Expired"), "True Expired") << "to the second, whoever leads";
}

TEST_F(ReservationStory, WithoutAStartItBeginsAsSoonAsItCanAndOnce) {
  cluster.node("a", 8).quota("blue", 8);
  reserve("soon", 8, {}, [](auto& one) { one.spec.start.reset(); });
  EXPECT_EQ(said("soon", "Active"), "True Started");
  cluster.pass(hours(1) + seconds(1));
  EXPECT_EQ(said("soon", "Expired"), "True Expired");
  cluster.first().crash();
  cluster.start_operator("operator-1");
  EXPECT_TRUE(cluster.until([&] { return cluster.newest().program->is_leading(); }));
  cluster.pass(seconds(20));
  EXPECT_EQ(said("soon", "Expired"), "True Expired");
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(ReservationStory, AJobWaitsForAReservationThatIsNotThereYet) {
  cluster.node("a", 8).quota("blue", 8).job("user", 1, 8, uses("later")).pass(seconds(5));
  EXPECT_EQ(cluster.said("user", "Admitted"), "False NoReservation");
  reserve("later", 8, seconds(0));
  EXPECT_TRUE(cluster.until([&] { return runs("user"); }));
}

TEST_F(ReservationStory, AClockThatStepsBackEndsNothing) {
  cluster.node("a", 8).quota("blue", 8);
  reserve("night", 8, hours(1));
  cluster.clock.step_wall(-hours(5));
  cluster.pass(minutes(1));
  EXPECT_EQ(said("night", "Ready"), "True Booked");
  EXPECT_EQ(said("night", "Active"), "False NotStarted");
  cluster.clock.step_wall(hours(6));
  cluster.pass(minutes(1));
  EXPECT_EQ(said("night", "Active"), "True Started");
}

TEST_F(ReservationStory, WhoWasAskedToGoRunsOnWhenTheReservationIsGone) {
  cluster.node("a", 8).quota("green", 8).quota("blue", 8);
  reserve("night", 8, minutes(5));
  cluster.in("green").job("goes", 1, 8).pass(seconds(5));
  ASSERT_TRUE(runs("goes"));
  cluster.ends_nothing("a").pass(minutes(4));
  ASSERT_EQ(cluster.said("goes", "Preempted"), "True Preempted");
  cluster.in("blue").remove(kube::kReservations, "night").ends_nothing("a", false);
  cluster.in("green").pass(minutes(1));
  EXPECT_TRUE(runs("goes"));
  EXPECT_EQ(cluster.job_named("goes").status.preemptions, 1);
}

// Green's Quota is raised while the job that was to give way for it is still on its way out.
TEST_F(ReservationStory, WhoWaitsForVictimsDoesNotTakeWhatIsReservedInTheirStead) {
  cluster.node("a", 4).quota("green", 2).quota("blue", 2);
  reserve("night", 1, seconds(0), [](api::Reservation& one) { one.spec.allow_backfill = false; });
  cluster.in("green").job("low", 1, 2).pass(seconds(5));
  ASSERT_TRUE(runs("low"));
  cluster.ends_nothing("a");
  cluster.job("high", 1, 2, [](api::GpuJob& job) { job.spec.priority = 2; }).pass(seconds(5));
  ASSERT_EQ(cluster.said("high", "Admitted"), "False Preempting");
  cluster.change_quota("green", [](auto& quota) { quota.spec.limits.front().guaranteed = 4; });
  cluster.pass(seconds(5));
  EXPECT_EQ(cluster.said("high", "Admitted"), "False Preempting") << "one of two is reserved";
  cluster.ends_nothing("a", false);
  cluster.pass(seconds(60));
  EXPECT_TRUE(runs("high"));
  EXPECT_EQ(cluster.said("high", "Preempted"), "absent");
}

}  // namespace
}  // namespace berth::integration
