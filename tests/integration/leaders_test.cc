#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Two operators at once, without the API server's fence on the Lease: compare-and-swap and the
// epoch have to hold.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

bool is_quota_write(const kube::Request& request) {
  return request.method == kube::Method::Put && request.path.find("/quotas/") != std::string::npos;
}

class Leaders : public testing::Test {
 protected:
  // The second is elected while the first stands still, then both run.
  void take_over() {
    cluster.first().paused = true;
    second = &cluster.start_operator("operator-1");
    ASSERT_TRUE(cluster.until([&] { return second->program->is_leading(); }, minutes(1)));
  }
  void resume() { cluster.first().paused = false; }
  void ends_well() {
    cluster.pass(seconds(30));
    EXPECT_THAT(cluster.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }

  Cluster cluster;
  Process* second = nullptr;
};

TEST_F(Leaders, TheSecondWaitsWhileTheFirstRenews) {
  cluster.node("a", 4).quota("blue", 4).settle();
  Process& other = cluster.start_operator("operator-1");
  cluster.pass(minutes(2));
  EXPECT_TRUE(cluster.first().program->is_leading());
  EXPECT_FALSE(other.program->is_leading());
}

TEST_F(Leaders, EveryLeaderWritesALargerEpoch) {
  cluster.node("a", 4).quota("blue", 4).settle();
  const int64_t before = cluster.quota_named("blue").status.epoch;
  EXPECT_GT(before, 0);
  take_over();
  EXPECT_GT(cluster.quota_named("blue").status.epoch, before);
}

TEST_F(Leaders, OneThatWasPausedEndsWhenItSeesThatItLostTheLease) {
  cluster.node("a", 4).quota("blue", 4).job("train", 1).settle();
  take_over();
  resume();
  cluster.pass(seconds(5));
  EXPECT_FALSE(cluster.first().runs());
  EXPECT_TRUE(second->program->is_leading());
  ends_well();
}

// The writes that the first had under way when it was stopped arrive after the second has begun.
TEST_F(Leaders, WritesThatWereUnderWayArriveLate) {
  for (int stop_after = 0; stop_after < 40; ++stop_after) {
    SCOPED_TRACE("stopped after step " + std::to_string(stop_after));
    Cluster fresh;
    fresh.node("a", 4).quota("blue", 4).settle();
    int steps = 0;
    fresh.after_step = [&](Process& process) {
      if (&process == &fresh.first() && steps++ == stop_after) process.paused = true;
    };
    fresh.job("one", 2).job("two", 2).job("three", 2).settle();
    fresh.after_step = {};
    if (!fresh.first().paused) return;  // it was quiet before
    Process& next = fresh.start_operator("operator-1");
    ASSERT_TRUE(fresh.until([&] { return next.program->is_leading(); }, minutes(1)));
    while (fresh.first().transport->step()) continue;  // late, and nobody is there to hear
    fresh.first().paused = false;
    fresh.pass(seconds(40));
    EXPECT_FALSE(fresh.first().runs());
    EXPECT_THAT(fresh.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(fresh.server), IsEmpty());
    EXPECT_EQ(fresh.used("blue"), 4);
    if (HasFailure()) return;
  }
}

// As when a virtual machine is stopped: its monotonic clock stands still, so it still takes itself
// for the leader, and what it hears first is what the second has done.
TEST_F(Leaders, AnEpochAboveItsOwnSilencesALeader) {
  cluster.node("a", 4).quota("blue", 4).settle();
  api::Quota newer = cluster.quota_named("blue");
  const int64_t own = newer.status.epoch;
  cluster.server.handle(
      kube::patch_status(kube::kQuotas, "", "blue", {{"status", {{"epoch", own + 7}}}}));
  cluster.settle();
  const std::string version = cluster.quota_named("blue").meta.resource_version;
  cluster.job("train", 1).pass(seconds(5));
  EXPECT_EQ(cluster.quota_named("blue").meta.resource_version, version);
  EXPECT_THAT(cluster.pods(), IsEmpty());
  EXPECT_FALSE(cluster.has_job("train") && cluster.said("train", "Admitted") == "True Admitted");
}

// The Lease's own count starts anew with a Lease that was deleted, so both choose by what they saw.
TEST_F(Leaders, TwoThatClaimAtOnceDoNotTakeEachOthersEpochForTheirOwn) {
  cluster.node("a", 4).quota("blue", 4).quota("red", 4).settle();
  cluster.first().crash();
  second = &cluster.start_operator("operator-1");
  second->transport->inject({.matches =
                                 [&](const kube::Request& request) {
                                   const bool is_claim = is_quota_write(request);
                                   second->paused = second->paused || is_claim;
                                   return is_claim;
                                 },
                             .fault = kube::fake::Fault::refused()});
  ASSERT_TRUE(cluster.until([&] { return second->paused; }, minutes(1)));
  cluster.in(cluster.settings.name_space).remove(kube::kLeases, cluster.settings.lease_name);
  Process& third = cluster.start_operator("operator-2");
  cluster.after_step = [&](Process& process) {
    const auto& sent = process.transport->sent();
    if (&process == &third && !sent.empty() && is_quota_write(sent.back().request)) {
      third.paused = true;
    }
  };
  ASSERT_TRUE(cluster.until([&] { return third.paused; }, minutes(1)));
  cluster.after_step = {};
  second->transport->inject(
      {.matches =
           [](const auto& request) { return request.path.find("/leases") != std::string::npos; },
       .fault = kube::fake::Fault::slow(seconds(5)),
       .times = 1'000'000});
  second->paused = false;
  ASSERT_TRUE(cluster.until([&] { return second->program->is_leading(); }, seconds(5)));
  const int64_t epoch = cluster.quota_named("blue").status.epoch;
  third.paused = false;
  ASSERT_TRUE(cluster.until([&] { return third.program->is_leading(); }, seconds(5)));
  EXPECT_GT(cluster.quota_named("blue").status.epoch, epoch);
  EXPECT_GT(cluster.quota_named("red").status.epoch, epoch);
  ends_well();
}

TEST_F(Leaders, AGracefulStopHandsOverAtOnce) {
  cluster.node("a", 4).quota("blue", 4).job("train", 1).settle();
  second = &cluster.start_operator("operator-1");
  cluster.pass(seconds(5));
  cluster.first().program->stop();
  cluster.settle();
  ASSERT_TRUE(cluster.first().program->is_idle());
  cluster.first().program->release();
  EXPECT_TRUE(cluster.until([&] { return second->program->is_leading(); }, seconds(5)));
  ends_well();
}

}  // namespace
}  // namespace berth::integration
