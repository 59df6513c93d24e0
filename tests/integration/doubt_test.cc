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

}  // namespace
}  // namespace berth::integration
