#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/crash_point.h"
#include "tests/integration/invariants.h"

// The operator dies at every write that it makes, once before the server has it and once before it
// hears of it. The next one has to bring everything to the same end.
namespace berth::integration {
namespace {

using kube::fake::Fault;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;

// Four jobs on devices for two: one fails once, one is suspended and resumed, one is deleted, and
// one makes all others give way.
struct Scenario : CrashPoint {
  void play() {
    cluster.node("a", 2).node("b", 2).quota("blue", 4);
    cluster.job("fails", 2).behaves("fails", {.runs = seconds(4), .exits = {1}});
    cluster.job("rests", 1, 2).behaves("rests", {.runs = seconds(6)});
    cluster.job("goes", 1, 2).behaves("goes", {.runs = seconds(300)});
    cluster.pass(seconds(3));
    cluster.change_job("rests", [](auto& job) { job.spec.suspend = true; }).pass(seconds(3));
    cluster.change_job("rests", [](auto& job) { job.spec.suspend = false; });
    cluster.until([&] { return running("goes"); }, seconds(60));
    cluster.until([&] { return cluster.is_finished("fails") && running("goes"); });
    cluster.behaves("urgent", {.runs = seconds(4)});
    cluster.job("urgent", 2, 2, [](auto& job) { job.spec.priority = 10; }).pass(seconds(3));
    if (cluster.has_job("goes")) cluster.delete_job("goes");
    ended = cluster.until([&] {
      return cluster.is_finished("fails") && cluster.is_finished("rests") &&
             cluster.is_finished("urgent") && !cluster.has_job("goes");
    });
    // Two leases at most: of the one that died, and until what it left is forgiven.
    cluster.until([&] { return broken_when_quiet(cluster.server).empty(); }, seconds(40));
  }

  bool running(const std::string& job) {
    return cluster.said(job, "Ready") == "True AllWorkersReady";
  }

  void check() {
    EXPECT_TRUE(ended);
    EXPECT_THAT(cluster.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
    if (!ended) return;
    EXPECT_EQ(cluster.said("fails", "Complete"), "True Completed");
    EXPECT_EQ(cluster.said("rests", "Complete"), "True Completed");
    EXPECT_EQ(cluster.said("urgent", "Complete"), "True Completed");
    EXPECT_EQ(cluster.job_named("fails").status.failures, 1);
    EXPECT_EQ(cluster.job_named("rests").status.failures, 0);
    EXPECT_EQ(cluster.used("blue"), 0);
    EXPECT_THAT(cluster.live_pods(), IsEmpty());
  }

  bool ended = false;
};

void crash_at_every_write(const Fault& fault) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("crash at write " + std::to_string(at));
    Scenario scenario;
    scenario.crash_at = at;
    scenario.fault = fault;
    scenario.watch(scenario.cluster.first());
    scenario.play();
    scenario.check();
    if (!scenario.crashed) {
      EXPECT_GT(at, 20);  // it is a scenario with writes
      return;
    }
    if (testing::Test::HasFailure()) return;  // one is enough to look at
  }
}

// An elastic gang that runs gives way in part: whatever is lost on the way, both go on.
struct Shrinking : CrashPoint {
  void play() {
    cluster.node("a", 8).quota("blue", 8).job("train", 8, 1, [](auto& job) {
      job.spec.workers.min = 2;
      job.spec.checkpoint = api::Checkpoint{.uri = "pvc://checkpoints/train"};
    });
    cluster.until([&] { return runs("train"); });
    watch(cluster.first());
    cluster.job("urgent", 1, 4, [](auto& job) { job.spec.priority = 10; });
    cluster.job("sneaky", 1, 2);
    ended = cluster.until([&] { return runs("urgent") && runs("train") && workers() < 8; });
    cluster.until([&] { return broken_when_quiet(cluster.server).empty(); }, seconds(40));
  }
  bool runs(const std::string& job) { return cluster.said(job, "Ready") == "True AllWorkersReady"; }
  size_t workers() {
    const auto& placement = cluster.job_named("train").status.placement;
    return placement ? placement->workers.size() : 0;
  }
  void check() {
    EXPECT_TRUE(ended);
    EXPECT_THAT(cluster.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
    EXPECT_GE(workers(), 2u);
    if (crashed) return;  // what is kept is kept by who decided it: after him it is decided anew
    EXPECT_EQ(workers(), 4u);
    EXPECT_FALSE(runs("sneaky"));
    EXPECT_EQ(cluster.job_named("train").status.preemptions, 0);
  }
  bool ended = false;
};

void shrink_at_every_write(const Fault& fault) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("crash at write " + std::to_string(at));
    Shrinking scenario;
    scenario.crash_at = at;
    scenario.fault = fault;
    scenario.play();
    scenario.check();
    if (!scenario.crashed) {
      EXPECT_GT(at, 8);
      return;
    }
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Crash, TheScenarioEndsWellWithoutOne) {
  Scenario scenario;
  scenario.play();
  scenario.check();
}

TEST(Crash, BeforeTheServerHasTheWrite) { crash_at_every_write(Fault::refused()); }

TEST(Crash, BeforeTheServerHasAWriteOfAShrink) { shrink_at_every_write(Fault::refused()); }

TEST(Crash, BeforeTheReplyToAWriteOfAShrinkIsHeard) { shrink_at_every_write(Fault::lost_reply()); }

TEST(Crash, BeforeTheReplyIsHeard) { crash_at_every_write(Fault::lost_reply()); }

}  // namespace
}  // namespace berth::integration
