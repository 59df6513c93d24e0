#include "operator/scheduling/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/scheduling/coverage.h"
#include "operator/scheduling/job_desk.h"
#include "operator/scheduling/testing/device_class.h"

namespace berth::control {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kL4 = "nvidia-l4";

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    desk.wake = [this](const runtime::ObjectKey& key) { woken.push_back(key.name); };
    scheduler.on_pass = [this](const PassReport& report) { passes.push_back(report); };
  }
  void quota(const std::string& name, std::vector<std::string> namespaces, int64_t guaranteed,
             const std::string& parent = "") {
    api::Quota made;
    made.meta = meta(name, "", "quota-" + name);
    made.spec.namespaces = std::move(namespaces);
    made.spec.parent = parent;
    for (const char* device_class : {kH200, kL4}) {
      made.spec.limits.push_back({.device_class = device_class, .guaranteed = guaranteed});
    }
    stores.quotas.upsert(made);
  }
  void node(const std::string& name, int64_t devices, const std::string& device_class = kH200) {
    translate::Node made;
    made.meta = meta(name, "", "node-" + name);
    made.resource = "nvidia.com/gpu";
    made.device_class = device_class;
    made.devices = devices;
    made.room = {64'000, 1LL << 40};
    made.pods = 110;
    made.ready = true;
    stores.nodes.upsert(made);
  }
  using Change = std::function<void(api::GpuJob&)>;
  const api::GpuJob& job(const std::string& name, int64_t devices, const Change& change = {}) {
    api::GpuJob made;
    made.meta = meta(name, "team", "job-" + name);
    made.meta.generation = ++generation_;
    made.spec.worker.devices = {{.device_class = kH200, .count = devices}};
    if (change) change(made);
    stores.jobs.upsert(made);
    return *stores.jobs.find({"team", name});
  }
  const api::GpuJob& job_named(const std::string& name) {
    return *stores.jobs.find({"team", name});
  }
  void pass() {
    clock.advance(settings.pass_interval);
    scheduler.tick();
  }
  int64_t pending(const std::string& leaf, const std::string& device_class) {
    const auto of = scheduler.pending().find({leaf});
    if (of == scheduler.pending().end()) return 0;
    const auto at = of->second.find(device_class);
    return at == of->second.end() ? 0 : at->second;
  }

  ManualClock clock{Instant{Millis{1'800'000'000'000}}};
  Stores stores;
  Settings settings;
  Books books{stores, settings};
  Coverage coverage;
  WorldFeed feed{stores, books, settings, clock};
  Nominations nominations{stores, books, feed, settings, clock};
  Scheduler scheduler{books, feed, nominations, settings, clock};
  ReservationDesk reservations{stores, books, feed};
  JobDesk desk{stores,       books,     coverage, feed, nominations,
               reservations, scheduler, settings, clock};
  std::vector<std::string> woken;
  std::vector<PassReport> passes;

 private:
  ObjectMeta meta(const std::string& name, const std::string& name_space, const std::string& uid) {
    ObjectMeta made;
    made.name = name;
    made.name_space = name_space;
    made.uid = uid;
    made.resource_version = std::to_string(++version_);
    return made;
  }
  uint64_t version_ = 0;
  int64_t generation_ = 0;
};

TEST_F(SchedulerTest, AnAdmittedJobIsToldOnceEveryChargeAboveItIsWritten) {
  quota("org", {}, 0);
  quota("blue", {"team"}, 4, "org");
  node("a", 8);
  job("train", 4);
  pass();
  EXPECT_NE(books.find("job-train"), nullptr);
  EXPECT_FALSE(desk.granted(job_named("train")));
  coverage.covered({"blue"}, books.newest_grant());
  EXPECT_FALSE(desk.granted(job_named("train")));
  coverage.covered({"org"}, books.newest_grant());
  const auto placement = desk.granted(job_named("train"));
  ASSERT_TRUE(placement);
  EXPECT_EQ(placement->attempt, 1);
  EXPECT_EQ(placement->workers.front().node, "a");
}

TEST_F(SchedulerTest, AChargeThatCoversAnOlderGrantDoesNotCoverANewerOne) {
  quota("blue", {"team"}, 8);
  node("a", 8);
  job("first", 4);
  pass();
  coverage.covered({"blue"}, books.newest_grant());
  job("second", 4);
  pass();
  EXPECT_TRUE(desk.granted(job_named("first")));
  EXPECT_FALSE(desk.granted(job_named("second")));
}

TEST_F(SchedulerTest, OnePassSeesWhatTheOneBeforeGranted) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  job("first", 4);
  pass();
  job("second", 1);
  pass();
  EXPECT_EQ(books.find("job-second"), nullptr);
  ASSERT_TRUE(desk.hold("job-second"));
  EXPECT_EQ(desk.hold("job-second")->hold.reason, sched::Reason::OverQuota);
  EXPECT_THAT(woken, ElementsAre("second"));
}

TEST_F(SchedulerTest, RunsNoPassWithoutACauseAndNoneBeforeItsTime) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  pass();
  const size_t before = passes.size();
  for (int i = 0; i < 5; ++i) pass();
  EXPECT_EQ(passes.size(), before);
  job("train", 1);
  scheduler.tick();
  job("other", 1);
  scheduler.tick();  // in the same moment
  EXPECT_EQ(passes.size(), before + 1);
  pass();
  EXPECT_EQ(passes.size(), before + 2);
}

// A leader halted for four seconds in a pass, and still the leader, let nobody in for 36 more.
TEST_F(SchedulerTest, AProcessThatWasHaltedInAPassGoesOnAtOnce) {
  quota("team", {"team"}, 8);
  node("a", 8);
  job("first", 1);
  scheduler.on_pass = [this](const PassReport& report) {
    passes.push_back(report);
    clock.advance(passes.size() == 1 ? seconds(4) : seconds(0));
  };
  pass();
  job("second", 1);
  EXPECT_LE(scheduler.tick() - clock.monotonic(), seconds(1));
  clock.advance(seconds(1));
  scheduler.tick();
  EXPECT_EQ(passes.size(), 2u);
}

TEST_F(SchedulerTest, AHoldIsAsOldAsItsReason) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  job("large", 8);
  pass();
  clock.advance(seconds(5));
  EXPECT_GE(desk.hold("job-large")->age, seconds(5));
  quota("blue", {"team"}, 5);  // other numbers, the same reason
  pass();
  EXPECT_GE(desk.hold("job-large")->age, seconds(5));
  stores.nodes.erase(stores.nodes.find({"", "a"})->meta);
  quota("blue", {"team"}, 8);
  pass();
  EXPECT_LT(desk.hold("job-large")->age, seconds(1));
}

TEST_F(SchedulerTest, AJobThatBacksOffIsAskedForWhenItsTimeComes) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  job("train", 1, [&](auto& j) { j.status.next_attempt_at = clock.now() + seconds(30); });
  pass();
  EXPECT_EQ(books.find("job-train"), nullptr);
  const Monotonic next = scheduler.tick();
  EXPECT_LE(next, clock.monotonic() + seconds(30));
  clock.advance(next - clock.monotonic());
  scheduler.tick();
  EXPECT_NE(books.find("job-train"), nullptr);
}

TEST_F(SchedulerTest, ANodeIsAvoidedForAWhileAndThenTriedAgain) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  desk.avoid("job-train", {"a"});
  job("train", 1);
  pass();
  EXPECT_EQ(books.find("job-train"), nullptr);
  const Monotonic next = scheduler.tick();
  ASSERT_NE(next, Monotonic::max()) << "nobody would look again";
  clock.advance(settings.node_avoidance);
  scheduler.tick();
  EXPECT_NE(books.find("job-train"), nullptr);
}

TEST_F(SchedulerTest, AJobIsNotAskedForBesideTheRestOfItsLastAttempt) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  translate::Pod rest;
  rest.meta.name = "train-1-0";
  rest.meta.name_space = "team";
  rest.meta.uid = "pod";
  rest.meta.resource_version = "900";
  rest.meta.owners = {{.api_version = "berth.dev/v1alpha1",
                       .kind = "GpuJob",
                       .name = "train",
                       .uid = "job-train",
                       .controller = true}};
  rest.node = "a";
  stores.pods.upsert(rest);
  job("train", 1);
  pass();
  EXPECT_EQ(books.find("job-train"), nullptr);
  stores.pods.erase(rest.meta);
  pass();
  EXPECT_NE(books.find("job-train"), nullptr);
}

TEST_F(SchedulerTest, AGrantGoesBackWhenItsJobIsSuspendedOrGone) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  job("train", 2);
  job("other", 2);
  pass();
  EXPECT_EQ(books.grants().size(), 2u);
  job("train", 2, [](auto& j) { j.spec.suspend = true; });
  stores.jobs.erase(job_named("other").meta);
  EXPECT_THAT(books.grants(), IsEmpty());
}

TEST_F(SchedulerTest, PendingIsWhatWaitsOfItsFirstChoice) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  job("runs", 3);
  job("waits", 2);
  pass();
  EXPECT_EQ(pending("blue", kH200), 2);
  EXPECT_THAT(scheduler.take_pending_changed(), ElementsAre(sched::QuotaId{"blue"}));
  EXPECT_THAT(scheduler.take_pending_changed(), IsEmpty());
}

TEST_F(SchedulerTest, AJobThatGotItsSecondChoiceIsNotPending) {
  quota("blue", {"team"}, 4);
  node("a", 8, kL4);
  job("train", 2, [](auto& j) { j.spec.worker.devices.push_back({kL4, 3}); });
  pass();
  EXPECT_NE(books.find("job-train"), nullptr);
  EXPECT_EQ(pending("blue", kH200), 0);
  EXPECT_EQ(pending("blue", kL4), 0);
}

TEST_F(SchedulerTest, ReportsWhatEachPassDid) {
  quota("blue", {"team"}, 4);
  node("a", 8);
  job("runs", 3);
  job("waits", 2);
  pass();
  EXPECT_EQ(passes.back().asks, 2u);
  EXPECT_EQ(passes.back().admitted, 1u);
  EXPECT_EQ(passes.back().held.at(sched::Reason::OverQuota), 1);
}

}  // namespace
}  // namespace berth::control
