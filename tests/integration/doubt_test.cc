#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Writes whose reply never comes, while the watches are behind: what the operator has seen is then
// older than what it has done. tests/protocol has the same as models.
namespace berth::integration {
namespace {

using kube::fake::Fault;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;

bool is_status_of(const kube::Request& request, std::string_view object) {
  return request.method == kube::Method::Put && request.path.ends_with(object);
}

class Doubt : public testing::Test {
 protected:
  // The reply to the next such write is lost, and from there on nothing is heard of what changes.
  void lose_reply_and_stall(std::function<bool(const kube::Request&)> matches) {
    connection().inject({.matches =
                             [this, matches](const kube::Request& request) {
                               if (!matches(request)) return false;
                               connection().stall_streams(true);
                               return true;
                             },
                         .fault = Fault::lost_reply()});
  }
  // The first operator, anew and told on.
  void restart(const control::Observers& observers) {
    Process& process = cluster.first();
    control::Settings own = cluster.settings;
    own.identity = process.identity;
    process.crash();
    process.transport = std::make_unique<kube::fake::FakeTransport>(cluster.server, cluster.clock);
    process.program =
        std::make_unique<control::Operator>(*process.transport, cluster.clock, own, log, observers);
    ASSERT_TRUE(cluster.until([&] { return process.program->is_leading(); }));
  }
  // What becomes of pods is not heard, and told once the streams begin anew.
  void lose_pods(bool lose) {
    connection().on_line([lose](const kube::Request& request, std::string_view) {
      const bool is_lost = lose && request.path.ends_with("/pods");
      return is_lost ? kube::fake::LineFate::Drop : kube::fake::LineFate::Deliver;
    });
    if (!lose) connection().cut_streams(Done{});
  }
  void hear_again() { connection().stall_streams(false); }
  void ends_well() {
    cluster.pass(minutes(1));
    EXPECT_THAT(cluster.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }
  kube::fake::FakeTransport& connection() { return *cluster.first().transport; }

  NoLog log;
  Cluster cluster;
};

TEST_F(Doubt, AChargeThatWasLoweredUnheardCoversNobody) {
  cluster.node("a", 1).quota("blue", 1);
  cluster.job("train", 1).behaves("train", {.runs = seconds(5), .exits = {1}}).settle();
  lose_reply_and_stall([](const auto& request) { return is_status_of(request, "/blue/status"); });
  ASSERT_TRUE(cluster.until([&] { return cluster.used("blue") == 0; }));
  const int64_t attempt = cluster.job_named("train").status.attempt;
  cluster.pass(seconds(40));
  EXPECT_EQ(cluster.job_named("train").status.attempt, attempt) << "nothing covers another";
  hear_again();
  EXPECT_TRUE(cluster.until([&] { return cluster.is_finished("train"); }));
  ends_well();
}

// It stands still in the middle of a tick, when it has decided, and goes on after another has led.
TEST_F(Doubt, ALeaderThatStoodStillCoversNobodyByWhatItSawBefore) {
  bool is_armed = false;
  control::Observers observers;
  observers.on_pass = [&](const control::PassReport& report) {
    if (!is_armed || report.admitted == 0) return;
    is_armed = false;
    EXPECT_EQ(cluster.used("blue"), 1) << "what it admits is charged already";
    cluster.first().paused = true;
    // The other frees what is charged, and tells nobody anything.
    cluster.start_operator("operator-1")
        .transport->inject({.matches =
                                [](const kube::Request& request) {
                                  return request.method == kube::Method::Put &&
                                         request.path.find("/gpujobs/") != std::string::npos;
                                },
                            .fault = Fault::refused(),
                            .times = 1'000'000});
    cluster.delete_node("a");
    EXPECT_TRUE(cluster.until([&] { return cluster.used("blue") == 0; }));
    cluster.newest().transport->clear_faults();
    cluster.first().paused = false;
  };
  restart(observers);
  cluster.node("a", 1).quota("blue", 1).job("first", 1).settle();
  const auto is_kept = [](auto& job) { job.meta.finalizers = {std::string(control::kFinalizer)}; };
  cluster.job("second", 1, 1, is_kept).pass(seconds(5));
  cluster.job("third", 1)
      .settle();  // that it waits was written: the next such write is not yet due
  is_armed = true;
  cluster.finish("first-1-0", 0).pass(seconds(5));
  EXPECT_FALSE(is_armed);
  EXPECT_FALSE(cluster.first().runs());
  ends_well();
}

// A worker that runs although nobody has seen it holds its device until the server was asked.
TEST_F(Doubt, APodThatWasMadeUnheardIsGoneBeforeItsPlacementIsCleared) {
  cluster.node("a", 1).quota("blue", 1).pass(minutes(1));
  lose_reply_and_stall([](const auto& request) {
    return request.method == kube::Method::Post && request.path.ends_with("/pods");
  });
  cluster.job("train", 1).settle();
  ASSERT_THAT(cluster.live_pods(), testing::SizeIs(1));
  lose_pods(true);
  hear_again();
  cluster.change_job("train", [](auto& job) { job.spec.suspend = true; }).pass(seconds(20));
  EXPECT_THAT(cluster.live_pods(), IsEmpty());
  EXPECT_THAT(cluster.broken(), IsEmpty());
  lose_pods(false);
  ends_well();
  EXPECT_FALSE(cluster.job_named("train").status.placement);
}

// Of two that are let go together one is, unheard, and the other is not: its plan must not be taken
// back, or the first runs alone.
TEST_F(Doubt, AMemberThatWasLetGoUnheardKeepsThePlansOfItsGroup) {
  cluster.node("a", 1).node("b", 1).quota("blue", 2).pass(minutes(1));
  const auto lets_go = [](const std::string& pod) {
    return [pod](const kube::Request& request) {
      return request.method == kube::Method::Patch && request.path.ends_with("/pods/" + pod) &&
             request.body.find("schedulingGates") != std::string::npos;
    };
  };
  const auto plan_of = [this](const char* pod) {
    const Json::json_pointer plan("/metadata/annotations/berth.dev~1plan");
    return cluster.pod(pod).value(plan, std::string());
  };
  const auto is_gated = [this](const char* pod) {
    return !cluster.pod(pod)["spec"].value("schedulingGates", Json::array()).empty();
  };
  lose_reply_and_stall(lets_go("x"));
  connection().inject({.matches = lets_go("y"), .fault = Fault::refused()});
  cluster.gated_pod("x", 1, "gang", 2).gated_pod("y", 1, "gang", 2);
  ASSERT_TRUE(cluster.until([&] { return !is_gated("x"); }));
  lose_pods(true);
  hear_again();
  ASSERT_NE(plan_of("y"), "");
  cluster.remove(kube::kNodes, plan_of("y")).pass(seconds(30));
  EXPECT_NE(plan_of("y"), "");
  EXPECT_FALSE(is_gated("y"));
  lose_pods(false);
}

}  // namespace
}  // namespace berth::integration
