#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Replies and streams that go wrong while the operator lives: it has to come to the same end.
namespace berth::integration {
namespace {

using kube::fake::Fault;
using kube::fake::LineFate;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

bool is_write(const kube::Request& request) {
  return request.method != kube::Method::Get && request.path.find("/events") == std::string::npos &&
         request.path.find("/leases") == std::string::npos;
}

class OperatorFaults : public testing::Test {
 protected:
  // Two jobs that take turns on four devices, the first failing once.
  void play() {
    cluster.node("a", 4).quota("blue", 4);
    cluster.job("first", 2, 2).behaves("first", {.runs = seconds(10), .exits = {1}});
    cluster.job("second", 2, 2).behaves("second", {.runs = seconds(10)});
  }
  void ends_well() {
    EXPECT_TRUE(
        cluster.until([&] { return cluster.is_finished("first") && cluster.is_finished("second"); },
                      minutes(10)));
    cluster.pass(seconds(30));
    EXPECT_THAT(cluster.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
    EXPECT_EQ(cluster.said("first", "Complete"), "True Completed");
    EXPECT_EQ(cluster.said("second", "Complete"), "True Completed");
    EXPECT_EQ(cluster.job_named("first").status.failures, 1);
    EXPECT_EQ(cluster.job_named("second").status.failures, 0);
    EXPECT_EQ(cluster.used("blue"), 0);
  }
  kube::fake::FakeTransport& connection() { return *cluster.first().transport; }

  Cluster cluster;
};

// Of the writes to each object every other one fails.
class EveryOtherWrite : public testing::TestWithParam<std::pair<const char*, Fault>> {};

TEST_P(EveryOtherWrite, EndsWell) {
  Cluster cluster;
  std::map<std::string, int> writes;  // by path
  cluster.first().transport->inject({.matches =
                                         [&](const kube::Request& request) {
                                           return is_write(request) &&
                                                  writes[request.path]++ % 2 == 0;
                                         },
                                     .fault = GetParam().second,
                                     .times = 1'000'000});
  cluster.node("a", 4).quota("blue", 4);
  cluster.job("train", 2, 2).behaves("train", {.runs = seconds(10), .exits = {1}});
  EXPECT_TRUE(cluster.until([&] { return cluster.is_finished("train"); }, minutes(10)));
  cluster.pass(seconds(30));
  EXPECT_THAT(cluster.broken(), IsEmpty());
  EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  EXPECT_EQ(cluster.said("train", "Complete"), "True Completed");
  EXPECT_EQ(cluster.job_named("train").status.failures, 1);
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryOtherWrite,
                         testing::Values(std::pair{"Refused", Fault::refused()},
                                         std::pair{"ReplyLost", Fault::lost_reply()},
                                         std::pair{"Conflict", Fault::status(409)},
                                         std::pair{"TooManyRequests",
                                                   Fault::status(429, seconds(1))},
                                         std::pair{"ServerError", Fault::status(500)},
                                         std::pair{"Unavailable", Fault::status(503, seconds(2))},
                                         std::pair{"Slow", Fault::slow(seconds(3))}),
                         [](const auto& fault) { return fault.param.first; });

TEST_F(OperatorFaults, EveryFifthReplyOfAnyKindIsLost) {
  int requests = 0;
  connection().inject({.matches = [&](const kube::Request&) { return ++requests % 5 == 0; },
                       .fault = Fault::lost_reply(),
                       .times = 1'000'000});
  play();
  ends_well();
}

TEST_F(OperatorFaults, NobodyIsToldBeforeTheChargeIsWritten) {
  cluster.node("a", 8).quota("blue", 8).settle();
  const Monotonic until = cluster.clock.monotonic() + seconds(20);
  const auto is_charge = [&, until](const kube::Request& request) {
    return is_write(request) && request.path.find("/quotas/") != std::string::npos &&
           cluster.clock.monotonic() < until;
  };
  connection().inject({.matches = is_charge, .fault = Fault::status(500), .times = 1'000'000});
  cluster.job("train", 2, 2).gated_pod("notebook", 1).pass(seconds(19));
  EXPECT_FALSE(cluster.job_named("train").status.placement);
  cluster.pass(seconds(60));
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_THAT(cluster.broken(), IsEmpty());
}

TEST_F(OperatorFaults, ARetryAfterIsHonoured) {
  cluster.node("a", 4).quota("blue", 4).settle();
  const auto is_pod = [](const kube::Request& request) {
    return request.method == kube::Method::Post && request.path.ends_with("/pods");
  };
  connection().inject({.matches = is_pod, .fault = Fault::status(429, seconds(7))});
  cluster.job("train", 1).pass(seconds(6));
  EXPECT_THAT(cluster.pods(), IsEmpty());
  cluster.pass(seconds(2));
  EXPECT_THAT(cluster.live_pods(), ElementsAre("train-1-0"));
}

// ---- streams ----

TEST_F(OperatorFaults, StreamsThatAreCutAllTheTime) {
  play();
  for (int i = 0; i < 30; ++i) {
    cluster.pass(seconds(2));
    if (i % 2 == 0) {
      connection().cut_streams(Done{});
    } else {
      connection().cut_streams(Error{Code::Unavailable, "connection reset"});
    }
  }
  ends_well();
}

TEST_F(OperatorFaults, AHistoryThatIsForgottenIsListedAnew) {
  play();
  for (int i = 0; i < 10; ++i) {
    cluster.pass(seconds(3));
    connection().stall_streams(true);
    cluster.pass(seconds(3));
    cluster.server.compact();
    connection().cut_streams(Error{Code::Expired, "410 Gone"});
    connection().stall_streams(false);
  }
  ends_well();
}

TEST_F(OperatorFaults, AWatchThatIsBehindMakesNobodyDecideTwice) {
  play();
  for (int i = 0; i < 20; ++i) {
    connection().stall_streams(true);
    cluster.pass(seconds(4));
    connection().stall_streams(false);
    cluster.pass(Millis{100});
  }
  ends_well();
}

TEST_F(OperatorFaults, EventsThatComeTwiceChangeNothing) {
  connection().on_line([](const auto&, std::string_view) { return LineFate::Twice; });
  play();
  ends_well();
}

TEST_F(OperatorFaults, AnObjectThatCannotBeReadStopsNobodyElse) {
  cluster.server.validate_with(kube::kGpuJobs, {});
  cluster.node("a", 4).quota("blue", 4);
  const Json odd = {{"metadata", {{"name", "odd"}, {"namespace", "blue"}}},
                    {"spec", {{"workers", "many"}}}};
  ASSERT_EQ(cluster.server.handle(kube::create(kube::kGpuJobs, odd)).status, 201);
  cluster.job("train", 1).settle();
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
}

// Every deployment has a second operator, which takes over when the first cannot renew.
TEST_F(OperatorFaults, AServerThatIsAwayForHalfAMinute) {
  Process& standby = cluster.start_operator("operator-1");
  play();
  cluster.pass(seconds(5));
  const Monotonic back = cluster.clock.monotonic() + seconds(30);
  const auto is_away = [&, back](const kube::Request&) { return cluster.clock.monotonic() < back; };
  for (Process* process : {&cluster.first(), &standby}) {
    process->transport->inject({.matches = is_away, .fault = Fault::refused(), .times = 1'000'000});
    process->transport->cut_streams(Error{Code::Unavailable, "connection refused"});
  }
  cluster.pass(seconds(30));
  ends_well();
}

}  // namespace
}  // namespace berth::integration
