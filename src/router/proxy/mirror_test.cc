#include "router/proxy/mirror.h"

#include <gtest/gtest.h>

#include "router/testing/grpc.h"

namespace berth::router {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests

http::Handler saying(const std::string& body) {
  return [body](const http::Request&, const http::Peer&, const http::Respond& respond) {
    respond({.body = body});
  };
}

class MirrorTest : public GrpcWorld {
 protected:
  // Every request goes to the stable replica, and to the candidate too.
  static Endpoint mirrored(Replica stable, Replica candidate) {
    candidate.variant = Variant::Candidate;
    Endpoint one = endpoint("fraud", {std::move(stable), std::move(candidate)});
    one.mirror_percent = 100;
    return one;
  }
  bool counts(const std::string& outcome, int count) {
    return shows("berth_router_shadow_compared_total{endpoint=\"fraud\",outcome=\"" + outcome +
                 "\"} " + std::to_string(count));
  }
};

TEST_F(MirrorTest, SendsTheCandidateWhatStableWasSentAndComparesTheAnswers) {
  std::string seen;
  const FakeReplica stable("a", saying(R"({"outputs":[{"name":"y","data":[0.7]}]})"));
  const FakeReplica candidate(
      "b", [&](const http::Request& request, const http::Peer&, const http::Respond& respond) {
        seen = std::string(request.body) + " " + std::string(request.asking->header("x-user"));
        respond({.body = R"({"model_version":"2","outputs":[{"name":"y","data":[0.705]}]})"});
      });
  route({mirrored(stable.replica(), candidate.replica())});
  EXPECT_EQ(ask("hello", "x-user: 7\r\n").body, R"({"outputs":[{"name":"y","data":[0.7]}]})");
  EXPECT_TRUE(counts("same", 1));
  EXPECT_EQ(seen, "hello 7");
  EXPECT_TRUE(
      shows("berth_router_requests_total{endpoint=\"fraud\",variant=\"stable\",protocol="
            "\"rest\",code=\"200\"} 1"));
}

TEST_F(MirrorTest, CountsAnswersThatDiffer) {
  const FakeReplica stable("a", saying("1"));
  const FakeReplica candidate("b", saying("2"));
  route({mirrored(stable.replica(), candidate.replica())});
  EXPECT_EQ(ask("").body, "1");
  EXPECT_TRUE(counts("different", 1));
}

TEST_F(MirrorTest, NoClientWaitsForACandidateThatDoesNotAnswer) {
  const FakeReplica stable("a");
  RawReplica silent("b");
  Endpoint one = mirrored(stable.replica(), silent.replica());
  one.timeout = Millis{200};
  route({one});
  Caller caller(router_->rest_port());
  for (int i = 0; i < 3; ++i) {
    caller.send(post("/v2/models/fraud/infer", "x"));
    EXPECT_EQ(caller.receive().body, "a:x");
  }
  EXPECT_TRUE(counts("failed", 3));
}

TEST_F(MirrorTest, MirrorsNoMoreThanItMay) {
  const FakeReplica stable("a");
  RawReplica busy("b");
  start({.limits = {.mirrors_max = 1, .mirrored_bytes_max = 100}});
  route({mirrored(stable.replica(), busy.replica())});
  EXPECT_EQ(ask(std::string(200, 'x')).status, 200);
  EXPECT_TRUE(counts("skipped", 1)) << "larger than all mirrored ones may be";
  EXPECT_EQ(ask(std::string(60, 'x')).status, 200);
  EXPECT_TRUE(counts("skipped", 2)) << "the answer has no room beside the request";
  EXPECT_EQ(ask("1").status, 200);
  const auto in_hand = busy.take_request();
  EXPECT_EQ(ask("1").status, 200);
  EXPECT_TRUE(counts("skipped", 3)) << "the first is not answered yet";
}

TEST_F(MirrorTest, SkipsWhatNoCandidateCanAnswer) {
  const FakeReplica stable("a");
  Endpoint one = endpoint("fraud", {stable.replica()});
  one.mirror_percent = 100;
  route({one});
  EXPECT_EQ(ask("1").status, 200);
  EXPECT_TRUE(counts("skipped", 1));
}

TEST_F(MirrorTest, MirrorsOnlyWhatAsksTheModel) {
  const FakeReplica stable("a");
  const FakeReplica candidate("b");
  route({mirrored(stable.replica(), candidate.replica())});
  EXPECT_EQ(ask("", {}, "/v2/models/fraud").status, 200);
  EXPECT_EQ(ask("").status, 200);
  EXPECT_TRUE(counts("different", 1));
  EXPECT_TRUE(counts("skipped", 0));
}

TEST_F(MirrorTest, MirrorsTheShareOfRequestsThatTheStepSays) {
  const FakeReplica stable("a", saying("1"));
  const FakeReplica candidate("b", saying("1"));
  Endpoint one = mirrored(stable.replica(), candidate.replica());
  one.mirror_percent = 20;
  route({one});
  Caller caller(router_->rest_port());
  for (int i = 0; i < 200; ++i) {
    caller.send(post("/v2/models/fraud/infer", ""));
    EXPECT_EQ(caller.receive().status, 200);
  }
  EXPECT_TRUE(counts("same", 39)) << "of 200, by the seed 0";
}

TEST_F(MirrorTest, MirrorsCallsOverGrpc) {
  Replica candidate = replica();
  candidate.id = "b";
  route({mirrored(replica(), candidate)});
  accept();
  connect();
  const int32_t asked = call("hello");
  answer(take_call(), "world");
  ASSERT_TRUE(is_done(asked));
  accept();
  const int32_t seen = take_call();
  EXPECT_EQ(replica_.streams[seen].body, "hello");
  answer(seen, "world");
  EXPECT_TRUE(turns(
      [this] { return router_->metrics().find("outcome=\"same\"} 1\n") != std::string::npos; }));
}

TEST_F(MirrorTest, StopsWithoutWaitingForCandidates) {
  const FakeReplica stable("a");
  RawReplica silent("b");
  route({mirrored(stable.replica(), silent.replica())});
  EXPECT_EQ(ask("1").status, 200);
  const auto in_hand = silent.take_request();
  const Moment begun = Loop::now();
  router_->stop(Millis{10'000});
  EXPECT_LT(Loop::now() - begun, Millis{5'000});
  EXPECT_TRUE(counts("skipped", 1));
}

}  // namespace
}  // namespace berth::router
