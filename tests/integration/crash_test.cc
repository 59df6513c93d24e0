#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// The operator dies at every write that it makes, once before the server has it and once before it
// hears of it. The next one has to bring everything to the same end.
namespace berth::integration {
namespace {

using kube::fake::Fault;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;

// Events and the Lease are left out: what they say is not decided on.
bool is_write(const kube::Request& request) {
  return request.method != kube::Method::Get && request.path.find("/events") == std::string::npos &&
         request.path.find("/leases") == std::string::npos;
}

// Four jobs on devices for two: one fails once, one is suspended and resumed, one is deleted, and
// one makes all others give way.
struct Scenario {
  Cluster cluster;
  int writes = 0;     // seen so far, of all operators
  int crash_at = -1;  // which of them; -1: none
  Fault fault;
  bool crashed = false;

  Scenario() {
    cluster.after_step = [this](Process& process) {
      if (!due_) return;
      due_ = false;
      crashed = true;
      process.crash();
      watch(cluster.start_operator("operator-1"));
    };
    watch(cluster.first());
  }

  void watch(Process& process) {
    process.transport->inject({.matches =
                                   [this](const kube::Request& request) {
                                     if (!is_write(request)) return false;
                                     due_ = writes++ == crash_at;
                                     return due_;
                                   },
                               .fault = fault,
                               .times = 1'000'000});
  }

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

 private:
  bool due_ = false;
};

void crash_at_every_write(const Fault& fault) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("crash at write " + std::to_string(at));
    Scenario scenario;
    scenario.crash_at = at;
    scenario.fault = fault;
    scenario.cluster.first().transport->clear_faults();
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

TEST(Crash, TheScenarioEndsWellWithoutOne) {
  Scenario scenario;
  scenario.play();
  scenario.check();
}

TEST(Crash, BeforeTheServerHasTheWrite) { crash_at_every_write(Fault::refused()); }

TEST(Crash, BeforeTheReplyIsHeard) { crash_at_every_write(Fault::lost_reply()); }

}  // namespace
}  // namespace berth::integration
