#include <gmock/gmock.h>

#include <mutex>

#include "router/testing/rest.h"

namespace berth::router {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RestProxy : public RouterTest {};

TEST_F(RestProxy, PassesARequestAndItsAnswerOn) {
  std::string seen;
  const FakeReplica replica("a", [&](const http::Request& request, const http::Peer&,
                                     const http::Respond& respond) {
    seen = std::string(request.method) + " " + std::string(request.target) + " " +
           std::string(request.asking->header("x-user-id")) + " " +
           std::string(request.asking->header("host"));
    respond({.status = 201, .body = std::string(request.body), .headers = {{"X-Extra", "yes"}}});
  });
  route({endpoint("fraud", {replica.replica()})});
  const Answer answer = ask("hello", "X-User-Id: 7\r\nConnection: x-secret\r\nX-Secret: 1\r\n");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_THAT(answer.head, HasSubstr("X-Extra: yes\r\n"));
  EXPECT_EQ(seen, "POST /v2/models/fraud/infer 7 x");
}

TEST_F(RestProxy, KeepsConnectionsOpenToClientsAndReplicas) {
  const FakeReplica replica("a");
  route({endpoint("fraud", {replica.replica()})});
  Caller caller(router_->rest_port());
  for (int i = 0; i < 20; ++i) {
    caller.send(post("/v2/models/fraud/infer", std::to_string(i)));
    EXPECT_EQ(caller.receive().body, "a:" + std::to_string(i));
  }
  EXPECT_EQ(replica.connections(), 1);
}

TEST_F(RestProxy, AnswersInOrderWhatCameTogether) {
  const FakeReplica replica("a");
  route({endpoint("fraud", {replica.replica()})});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", "1") + post("/v2/models/fraud/infer", "2"));
  EXPECT_EQ(caller.receive().body, "a:1");
  EXPECT_EQ(caller.receive().body, "a:2");
}

TEST_F(RestProxy, SpreadsRequestsOverReplicasByWhatTheyHaveInHand) {
  std::mutex mutex;
  std::vector<http::Respond> waiting;
  const auto keep = [&](const http::Request&, const http::Peer&, http::Respond respond) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(respond));
  };
  const FakeReplica busy("a", keep);
  const FakeReplica other("b");
  route({endpoint("fraud", {busy.replica(), other.replica()})});
  Caller first(router_->rest_port());
  first.send(post("/v2/models/fraud/infer", "1"));
  ASSERT_TRUE(comes_true([&] {
    const std::lock_guard lock(mutex);
    return waiting.size() == 1;
  }));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask("2").body, "b:2");
  waiting.front()({.body = "late"});
  EXPECT_EQ(first.receive().body, "late");
}

TEST_F(RestProxy, PassesLargeBodiesBothWays) {
  const FakeReplica replica("a");
  route({endpoint("fraud", {replica.replica()})});
  const std::string body(20 << 20, 'x');
  EXPECT_EQ(ask(body).body, "a:" + body);
}

TEST_F(RestProxy, PassesOnAnAnswerWithoutLengthAsItComes) {
  RawReplica replica("a");
  route({endpoint("fraud", {replica.replica()})});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", ""));
  auto socket = replica.take_request();
  boost::asio::write(socket, boost::asio::buffer(std::string("HTTP/1.1 200 OK\r\n\r\nfirst")));
  boost::asio::write(socket, boost::asio::buffer(std::string(" second")));
  socket.close();
  const Answer answer = caller.receive();
  EXPECT_THAT(answer.head, HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_THAT(answer.body, AllOf(HasSubstr("first"), HasSubstr("second")));
}

TEST_F(RestProxy, UnderstandsAReplicaThatEndsEachConnection) {
  RawReplica replica("a");
  route({endpoint("fraud", {replica.replica()})});
  Caller caller(router_->rest_port());
  for (const char* const body : {"one", "two"}) {
    caller.send(post("/v2/models/fraud/infer", ""));
    auto socket = replica.take_request();
    const std::string head = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n";
    boost::asio::write(socket, boost::asio::buffer(head));
    boost::asio::write(socket, boost::asio::buffer(std::string(body)));
    EXPECT_EQ(caller.receive().body, body);
  }
}

TEST_F(RestProxy, SaysHowToNameAnEndpointWhenThereIsNoSuch) {
  const FakeReplica replica("a");
  route({endpoint("fraud", {replica.replica()}), endpoint("churn", {})});
  const Answer answer = ask("", {}, "/v2/models/nobody/infer");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("'nobody'"), HasSubstr("berth-endpoint: NAME")));
  EXPECT_EQ(ask("", "berth-endpoint: fraud\r\n", "/v2/health/ready").body, "a:");
}

TEST_F(RestProxy, RefusesBodiesThatAreTooLarge) {
  const FakeReplica replica("a");
  start({.limits = {.request_bytes_max = 10}});
  route({endpoint("fraud", {replica.replica()})});
  EXPECT_EQ(ask("0123456789").status, 200);
  const Answer answer = ask("0123456789a");
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.body, HasSubstr("larger than 10 B"));
}

TEST_F(RestProxy, RefusesWhatDoesNotFitInMemoryWithOthers) {
  const FakeReplica replica("a");
  start({.limits = {.held_bytes_max = 10}});
  route({endpoint("fraud", {replica.replica()})});
  const Answer answer = ask("0123456789a");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(ask("0123456789").status, 200);
}

TEST_F(RestProxy, EndsAClientThatSendsTooSlowly) {
  start({.limits = {.header_timeout = Millis{100}}});
  Caller caller(router_->rest_port());
  caller.send("POST /v2");
  EXPECT_EQ(caller.receive().status, 408);
}

TEST_F(RestProxy, TellsTheReplicaThatTheClientHasGone) {
  std::atomic<int> gone = 0;
  std::atomic<int> asked = 0;
  const FakeReplica replica(
      "a", [&](const http::Request& request, const http::Peer&, const http::Respond&) {
        request.asking->when_gone([&] { ++gone; });
        ++asked;
      });
  route({endpoint("fraud", {replica.replica()})});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", ""));
  EXPECT_TRUE(comes_true([&] { return asked == 1; }));
  caller.leave();
  EXPECT_TRUE(comes_true([&] { return gone == 1; }));
  EXPECT_TRUE(
      shows("berth_router_requests_total{endpoint=\"fraud\",variant=\"stable\",protocol="
            "\"rest\",code=\"499\"} 1"));
  EXPECT_TRUE(shows("berth_router_in_flight{endpoint=\"fraud\"} 0"));
}

TEST_F(RestProxy, SendsARequestAgainWhoseReplicaWentAwayWithoutAWord) {
  RawReplica dying("a");
  const FakeReplica other("b");
  route({endpoint("fraud", {dying.replica(), other.replica()})});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", "1"));
  dying.take_request().close();
  EXPECT_EQ(caller.receive().body, "b:1");
  EXPECT_TRUE(shows("berth_router_retries_total{endpoint=\"fraud\"} 1"));
}

TEST_F(RestProxy, SendsNothingAgainOnceAnAnswerHasBegun) {
  RawReplica dying("a");
  route({endpoint("fraud", {dying.replica()})});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", "1"));
  auto socket = dying.take_request();
  boost::asio::write(
      socket, boost::asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")));
  socket.close();
  EXPECT_EQ(caller.receive().body, "half");
  EXPECT_TRUE(shows("berth_router_retries_total{endpoint=\"fraud\"} 0"));
}

TEST_F(RestProxy, GivesUpAfterTwoReplicasThatWentAway) {
  RawReplica dying("a");
  route({endpoint("fraud", {dying.replica()})});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", "1"));
  for (int i = 0; i < 2; ++i) dying.take_request().close();
  const Answer answer = caller.receive();
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.body, HasSubstr("did not answer"));
}

TEST_F(RestProxy, HoldsRequestsUntilAReplicaIsThere) {
  route({endpoint("fraud", {})});
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 10; ++i) {
    callers.push_back(std::make_unique<Caller>(router_->rest_port()));
    callers.back()->send(post("/v2/models/fraud/infer", std::to_string(i)));
  }
  EXPECT_TRUE(shows("berth_router_held_requests{endpoint=\"fraud\"} 10"));
  EXPECT_TRUE(shows("berth_router_in_flight{endpoint=\"fraud\"} 10"));
  const FakeReplica replica("a");
  route({endpoint("fraud", {replica.replica()})});
  for (size_t i = 0; i < callers.size(); ++i) {
    EXPECT_EQ(callers[i]->receive().body, "a:" + std::to_string(i));
  }
  EXPECT_TRUE(shows("berth_router_held_requests{endpoint=\"fraud\"} 0"));
}

TEST_F(RestProxy, RefusesWhatIsMoreThanItMayHold) {
  Endpoint small = endpoint("fraud", {});
  small.held_max = 1;
  route({small});
  Caller held(router_->rest_port());
  held.send(post("/v2/models/fraud/infer", ""));
  EXPECT_TRUE(shows("berth_router_held_requests{endpoint=\"fraud\"} 1"));
  const Answer answer = ask("");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: "));
}

TEST_F(RestProxy, HoldsWhatNoReplicaHasSeenUntilOneListensAgain) {
  auto replica = std::make_unique<FakeReplica>("a");
  const Replica before = replica->replica();
  replica.reset();
  Endpoint impatient = endpoint("fraud", {before});
  impatient.timeout = Millis{50};
  route({impatient});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", "1"));
  EXPECT_TRUE(shows("berth_router_held_requests{endpoint=\"fraud\"} 1"));
  const FakeReplica again("a", {}, before.rest_port);
  EXPECT_EQ(caller.receive().body, "a:1");
}

TEST_F(RestProxy, AnswersInTimeWhenTheReplicaDoesNot) {
  std::atomic<int> asked = 0;
  std::string given;
  const FakeReplica replica(
      "a", [&](const http::Request& request, const http::Peer&, const http::Respond&) {
        given = std::string(request.asking->header("berth-timeout-milliseconds"));
        ++asked;
      });
  route({endpoint("fraud", {replica.replica()})});
  EXPECT_EQ(ask("", "Berth-Timeout-Milliseconds: 60\r\n").status, 504);
  EXPECT_EQ(asked, 1);
  EXPECT_LE(std::stoi(given), 60);
  EXPECT_GT(std::stoi(given), 0);
}

TEST_F(RestProxy, SaysGoodbyeWhileItDrainsAndFinishesWhatItHas) {
  std::mutex mutex;
  std::vector<http::Respond> waiting;
  const FakeReplica replica("a",
                            [&](const http::Request&, const http::Peer&, http::Respond respond) {
                              const std::lock_guard lock(mutex);
                              waiting.push_back(std::move(respond));
                            });
  const auto has = [&](size_t count) {
    return comes_true([&] {
      const std::lock_guard lock(mutex);
      return waiting.size() == count;
    });
  };
  route({endpoint("fraud", {replica.replica()})});
  Caller caller(router_->rest_port());
  caller.send(post("/v2/models/fraud/infer", ""));
  ASSERT_TRUE(has(1));
  router_->drain();
  Caller newcomer(router_->rest_port());
  newcomer.send(post("/v2/models/fraud/infer", ""));
  ASSERT_TRUE(has(2));
  for (const auto& respond : waiting) respond({.body = "done"});
  for (Caller* const one : {&caller, &newcomer}) {
    const Answer answer = one->receive();
    EXPECT_EQ(answer.body, "done");
    EXPECT_THAT(answer.head, HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(one->is_closed());
  }
}

TEST_F(RestProxy, LosesNothingWhileReplicasComeAndGoUnderSeveralThreads) {
  start({.threads = 4});
  const FakeReplica first("a");
  const FakeReplica second("b");
  route({endpoint("fraud", {})});
  ASSERT_TRUE(shows("berth_router_held_requests{endpoint=\"fraud\"} 0"));
  for (int i = 0; i < 4; ++i) {  // every thread, in turn, has the table
    const std::string_view hurry = "berth-timeout-milliseconds: 1\r\n";
    EXPECT_TRUE(comes_true([&] { return ask("", hurry).status == 504; }));
  }
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 16; ++i) callers.push_back(std::make_unique<Caller>(router_->rest_port()));
  for (int round = 0; round < 12; ++round) {
    for (const auto& caller : callers) caller->send(post("/v2/models/fraud/infer", "x"));
    switch (round % 3) {
      case 0: route({endpoint("fraud", {first.replica()})}); break;
      case 1: route({endpoint("fraud", {})}); [[fallthrough]];
      default: route({endpoint("fraud", {second.replica()})});
    }
    for (const auto& caller : callers) EXPECT_EQ(caller->receive().status, 200);
  }
  EXPECT_TRUE(shows("berth_router_in_flight{endpoint=\"fraud\"} 0"));
  EXPECT_TRUE(shows("berth_router_held_requests{endpoint=\"fraud\"} 0"));
}

TEST_F(RestProxy, CountsAnswersAndTheirDurations) {
  const FakeReplica replica("a");
  Endpoint promised = endpoint("fraud", {replica.replica()});
  promised.slo =
      api::Slo{.availability_basis_points = 9990,
               .latency = api::LatencyObjective{.milliseconds = 30'000, .basis_points = 9500}};
  route({promised});
  EXPECT_EQ(ask("1").status, 200);
  EXPECT_TRUE(
      shows("berth_router_requests_total{endpoint=\"fraud\",variant=\"stable\",protocol="
            "\"rest\",code=\"200\"} 1"));
  EXPECT_TRUE(
      shows("berth_router_request_duration_seconds_bucket{endpoint=\"fraud\",variant="
            "\"stable\",le=\"30\"} 1"));
  EXPECT_TRUE(
      shows("berth_router_request_duration_seconds_count{endpoint=\"fraud\",variant="
            "\"stable\"} 1"));
  EXPECT_TRUE(shows("berth_router_late_requests_total{endpoint=\"fraud\"} 0"));
  EXPECT_TRUE(
      shows("berth_router_objective_ratio{endpoint=\"fraud\",objective=\"availability\"} 0.999"));
  EXPECT_TRUE(shows("berth_router_objective_ratio{endpoint=\"fraud\",objective=\"latency\"} 0.95"));
}

}  // namespace
}  // namespace berth::router
