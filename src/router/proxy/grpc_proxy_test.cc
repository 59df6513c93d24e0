#include <gmock/gmock.h>

#include "router/testing/grpc.h"

namespace berth::router {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests
using namespace std::string_literals;
using ::testing::HasSubstr;

class GrpcProxy : public GrpcWorld {};

TEST_F(GrpcProxy, PassesACallAndItsAnswerOn) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t asked = call("hello", {{"x-user", "7"}, {"grpc-timeout", "5S"}});
  const int32_t seen = take_call();
  const Stream& request = replica_.streams[seen];
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(request.field(":path"), "/inference.GRPCInferenceService/ModelInfer");
  EXPECT_EQ(request.field("x-user"), "7");
  EXPECT_EQ(request.field("te"), "trailers");
  EXPECT_LE(parse_grpc_timeout(request.field("grpc-timeout")), Micros{5'000'000});
  answer(seen, "world");
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].body, "world");
  EXPECT_EQ(caller_.streams[asked].field("grpc-status"), "0");
  EXPECT_TRUE(
      shows("berth_router_requests_total{endpoint=\"fraud\",variant=\"stable\",protocol="
            "\"grpc\",code=\"0\"} 1"));
}

TEST_F(GrpcProxy, PassesCallsSideBySideOverOneConnection) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t first = call("1");
  const int32_t of_first = take_call();
  const int32_t second = call("2");
  const int32_t of_second = take_call();
  answer(of_second, "two");
  ASSERT_TRUE(is_done(second));
  answer(of_first, "one");
  ASSERT_TRUE(is_done(first));
  EXPECT_EQ(caller_.streams[first].body + caller_.streams[second].body, "onetwo");
}

TEST_F(GrpcProxy, PassesLargeMessagesBothWays) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const std::string message(5 << 20, 'x');
  const int32_t asked = call(message);
  const int32_t seen = take_call();
  EXPECT_EQ(replica_.streams[seen].body.size(), message.size());
  answer(seen, message);
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].body, message);
}

TEST_F(GrpcProxy, FindsTheEndpointByTheModelInTheMessage) {
  route({endpoint("fraud", {replica()}), endpoint("churn", {})});
  accept();
  connect();
  const int32_t asked = call("\0\0\0\0\x07\x0a\x05"s + "fraud");
  answer(take_call(), "yes");
  ASSERT_TRUE(is_done(asked));
  const int32_t unnamed = call("\0\0\0\0\0"s);
  ASSERT_TRUE(is_done(unnamed));
  EXPECT_EQ(caller_.streams[unnamed].field("grpc-status"), "5");
  EXPECT_THAT(caller_.streams[unnamed].field("grpc-message"), HasSubstr("berth-endpoint: NAME"));
}

TEST_F(GrpcProxy, PassesOnAnAnswerOfTrailersAlone) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t asked = call("");
  const int32_t seen = take_call();
  replica_.session->respond(seen, {{":status", "200"}, {"grpc-status", "3"}}, true);
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].field("grpc-status"), "3");
}

TEST_F(GrpcProxy, HoldsCallsUntilAReplicaIsThere) {
  route({endpoint("fraud", {})});
  connect();
  const int32_t asked = call("1");
  EXPECT_TRUE(turns([this] {
    return router_->metrics().find("berth_router_held_requests{endpoint=\"fraud\"} 1") !=
           std::string::npos;
  }));
  accept();
  route({endpoint("fraud", {replica()})});
  answer(take_call(), "yes");
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].body, "yes");
}

TEST_F(GrpcProxy, SendsACallAgainWhoseReplicaWentAwayWithoutAWord) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t asked = call("1");
  take_call();
  accept();
  replica_.session->close();
  answer(take_call(), "yes");
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].body, "yes");
  EXPECT_TRUE(shows("berth_router_retries_total{endpoint=\"fraud\"} 1"));
}

TEST_F(GrpcProxy, AnswersInTimeWhenTheReplicaDoesNotAndCancelsItThere) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t asked = call("1", {{"grpc-timeout", "50m"}});
  const int32_t seen = take_call();
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].field("grpc-status"), "4");
  EXPECT_TRUE(turns([&] { return replica_.streams[seen].closed.has_value(); }));
}

TEST_F(GrpcProxy, CancelsAtTheReplicaWhatTheClientGaveUp) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t asked = call("1");
  const int32_t seen = take_call();
  caller_.session->reset(asked);
  EXPECT_TRUE(turns([&] { return replica_.streams[seen].closed.has_value(); }));
}

TEST_F(GrpcProxy, SaysGoAwayWhileItDrainsAndFinishesWhatItHas) {
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t asked = call("1");
  const int32_t seen = take_call();
  router_->drain();
  ASSERT_TRUE(turns([this] { return caller_.has_goaway; }));
  answer(seen, "yes");
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].body, "yes");
  EXPECT_TRUE(turns([this] { return caller_.is_lost; }));
}

TEST_F(GrpcProxy, RefusesMessagesThatAreTooLarge) {
  start({.limits = {.request_bytes_max = 10}});
  route({endpoint("fraud", {})});
  connect();
  const int32_t asked = call("0123456789a");
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].field("grpc-status"), "8");
}

}  // namespace
}  // namespace berth::router
