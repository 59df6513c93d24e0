#include "kube/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "kube/curl_loopback_test.h"
#include "kube/request.h"

namespace berth::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Config config_for(const LoopbackServer& server) {
  Config config{.cluster = {.server = server.url()}};
  config.user.token.text = "secret";
  return config;
}

// A server, a transport that talks to it, and time that moves when told to.
struct World {
  explicit World(LoopbackServer::Handler handler, CurlOptions options = {})
      : server(std::move(handler)), transport(config_for(server), clock, std::move(options)) {}

  // Lets both sides work until `done`; false when it does not come to that.
  bool run(const std::function<bool()>& done) {
    for (int round = 0; round < 20'000 && !done(); ++round) {
      server.pump();
      transport.poll(Millis{1});
    }
    return done();
  }
  // For what is not to happen: time enough for it to have happened.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      server.pump();
      transport.poll(Millis{1});
    }
  }
  Result<Response> ask(Request request) {
    std::optional<Result<Response>> reply;
    transport.send(std::move(request), [&](Result<Response> got) { reply = std::move(got); });
    if (!run([&] { return reply.has_value(); })) return Error{Code::Internal, "no reply"};
    return *reply;
  }

  ManualClock clock;
  LoopbackServer server;
  CurlTransport transport;
};

// What a stream said to its owner.
struct Heard {
  std::vector<std::string> lines;
  std::optional<Status> ended;

  StreamSink sink() {
    return {.on_line = [this](std::string_view line) { lines.emplace_back(line); },
            .on_end = [this](Status status) { ended = std::move(status); }};
  }
};

void answer_ok(LoopbackServer::Peer& peer) { peer.reply(200, "{}"); }
void never_answer(LoopbackServer::Peer&) {}

TEST(CurlTransport, SendsTheRequestAndReturnsTheReply) {
  std::string line, headers, body;
  World world([&](LoopbackServer::Peer& peer) {
    line = peer.request_line;
    headers = peer.headers;
    body = peer.body;
    peer.reply(201, R"({"ok":true})");
  });
  const auto reply = world.ask(patch_merge(kQuotas, "", "blue", {{"a", 1}}, {.dry_run = true}));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 201);
  EXPECT_EQ(reply->body, R"({"ok":true})");
  EXPECT_EQ(line, "PATCH /apis/berth.dev/v1alpha1/quotas/blue?dryRun=All HTTP/1.1");
  EXPECT_EQ(body, R"({"a":1})");
  EXPECT_THAT(headers, HasSubstr("Content-Type: application/merge-patch+json\r\n"));
  EXPECT_THAT(headers, HasSubstr("Authorization: Bearer secret\r\n"));
  EXPECT_THAT(headers, HasSubstr("Accept: application/json\r\n"));
  EXPECT_THAT(headers, HasSubstr("User-Agent: berth\r\n"));
  EXPECT_THAT(headers, Not(HasSubstr("Accept-Encoding")));
}

TEST(CurlTransport, KeepsItsConnection) {
  World world(answer_ok);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(world.ask(get(kPods, "a", "p")).ok());
  EXPECT_EQ(world.server.accepted(), 1);
}

TEST(CurlTransport, TellsHowLongToWait) {
  World world([](auto& peer) { peer.reply(429, "slow down", "Retry-After: 7\r\n"); });
  const auto reply = world.ask(list(kPods));
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(reply->retry_after, Millis{7'000});
}

TEST(CurlTransport, GoesNowhereItIsSent) {
  World world([](auto& peer) { peer.reply(302, "", "Location: http://127.0.0.1:1/\r\n"); });
  EXPECT_EQ(world.ask(list(kPods))->status, 302);
}

TEST(CurlTransport, AServerThatIsNotThereIsUnavailable) {
  World world(answer_ok);
  Config config = config_for(world.server);
  config.cluster.server = "http://127.0.0.1:1";
  CurlTransport transport(config, world.clock);
  const auto reply = call(transport, get(kPods, "a", "p"));
  EXPECT_EQ(reply.error().code, Code::Unavailable);
  EXPECT_THAT(reply.error().message, StartsWith("get Pod a/p: Failed to connect to 127.0.0.1"));
}

TEST(CurlTransport, AReplyThatBreaksOffIsUnavailable) {
  World world([](auto& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
    peer.hang_up();
  });
  EXPECT_EQ(world.ask(list(kPods)).error().code, Code::Unavailable);

  World resetting([](auto& peer) { peer.reset(); });
  EXPECT_EQ(resetting.ask(list(kPods)).error().code, Code::Unavailable);

  World babbling([](auto& peer) { peer.send("SSH-2.0-OpenSSH_9.2\r\n\r\n"), peer.hang_up(); });
  EXPECT_EQ(babbling.ask(list(kPods)).error().code, Code::Unavailable);
}

TEST(CurlTransport, AGiantReplyIsRefusedAndNotKept) {
  World world([](auto& peer) { peer.reply(200, std::string(200'000, ' ')); },
              {.max_body_bytes = 100'000});
  EXPECT_EQ(world.ask(list(kPods)).error(),
            (Error{Code::Invalid, "the reply is larger than 100000 bytes"}));
}

TEST(CurlTransport, AHalfOpenConnectionEndsByTheDeadlineAndIsNotUsedAgain) {
  bool answers = false;
  World world([&](auto& peer) {
    if (answers) peer.reply(200, "{}");
  });
  std::optional<Result<Response>> reply;
  Request request = get(kPods, "a", "p");
  request.timeout = Millis{3'000};
  world.transport.send(request, [&](Result<Response> got) { reply = std::move(got); });
  world.run([&] { return world.server.accepted() == 1; });
  world.settle();
  world.clock.advance(Millis{2'999});
  world.settle();
  EXPECT_FALSE(reply);
  world.clock.advance(Millis{1});
  world.transport.poll(Millis{0});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error(), (Error{Code::Timeout, "no answer in 3000 ms"}));

  answers = true;
  EXPECT_TRUE(world.ask(get(kPods, "a", "p")).ok());
  EXPECT_EQ(world.server.accepted(), 2);
}

TEST(CurlTransport, AServerThatNeverFinishesItsHandshakeEndsByTheDeadline) {
  World world(answer_ok);
  Config config = config_for(world.server);
  config.cluster.server = "https" + world.server.url().substr(4);  // the peer speaks no TLS
  CurlTransport transport(config, world.clock);
  std::optional<Result<Response>> reply;
  transport.send(get(kPods, "a", "p"), [&](Result<Response> got) { reply = std::move(got); });
  transport.poll(Millis{1});
  world.clock.advance(Millis{10'000});
  transport.poll(Millis{1});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error().code, Code::Timeout);
}

TEST(CurlTransport, ASlowBodyDoesNotOutliveTheDeadline) {
  World world([](auto& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"); });
  std::optional<Result<Response>> reply;
  world.transport.send(list(kPods, {.timeout = Millis{5'000}}),
                       [&](Result<Response> got) { reply = std::move(got); });
  world.run([&] { return !world.server.peers().empty(); });
  for (int second = 0; second < 5; ++second) {
    EXPECT_FALSE(reply);
    world.server.peers().front()->send(" ");
    world.settle();
    world.clock.advance(Millis{1'000});
  }
  world.settle();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error().code, Code::Timeout);
}

TEST(CurlTransport, OneSlowAnswerOnALiveServerCostsNoConnection) {
  World world([](auto& peer) {
    if (peer.request_line.find("slow") == std::string::npos) peer.reply(200, "{}");
  });
  std::optional<Result<Response>> slow;
  world.transport.send(get(kPods, "a", "slow"), [&](Result<Response> got) { slow = got; });
  world.settle();
  world.clock.advance(Millis{5'000});
  EXPECT_TRUE(world.ask(get(kPods, "a", "quick")).ok());
  world.clock.advance(Millis{5'000});
  world.run([&] { return slow.has_value(); });
  EXPECT_EQ(slow->error().code, Code::Timeout);
  const int before = world.server.accepted();
  EXPECT_TRUE(world.ask(get(kPods, "a", "quick")).ok());
  EXPECT_EQ(world.server.accepted(), before);
}

TEST(CurlTransport, SendsInOrderAndOnlySoManyAtATime) {
  std::vector<std::string> seen;
  World world([&](auto& peer) { seen.push_back(peer.request_line); }, {.max_in_flight = 2});
  int replies = 0;
  for (const char* name : {"a", "b", "c", "d"})
    world.transport.send(get(kNodes, "", name), [&](Result<Response>) { ++replies; });
  world.run([&] { return seen.size() == 2; });
  world.settle();
  EXPECT_THAT(seen, ElementsAre("GET /api/v1/nodes/a HTTP/1.1", "GET /api/v1/nodes/b HTTP/1.1"));
  EXPECT_EQ(world.transport.open_count(), 4U);
  world.server.peers().front()->reply(200, "{}");
  EXPECT_TRUE(world.run([&] { return seen.size() == 3; }));
  EXPECT_EQ(seen.back(), "GET /api/v1/nodes/c HTTP/1.1");
  EXPECT_EQ(replies, 1);
}

TEST(CurlTransport, KeepsToItsRate) {
  World world(answer_ok, {.requests_per_second = 10, .burst = 2});
  int replies = 0;
  for (int i = 0; i < 4; ++i)
    world.transport.send(get(kNodes, "", "n"), [&](Result<Response>) { ++replies; });
  world.run([&] { return replies == 2; });
  world.settle();
  EXPECT_EQ(replies, 2);
  world.clock.advance(Millis{101});
  EXPECT_TRUE(world.run([&] { return replies == 3; }));
  world.clock.advance(Millis{101});
  EXPECT_TRUE(world.run([&] { return replies == 4; }));
}

TEST(CurlTransport, AWakeUpIsNotLost) {
  World world(answer_ok);
  world.transport.wake();
  world.transport.poll(Millis{600'000});  // returns at once, or the test would not end
  SUCCEED();
}

TEST(CurlTransport, CallbacksMaySendMore) {
  World world(answer_ok);
  int replies = 0;
  std::function<void(Result<Response>)> again = [&](Result<Response>) {
    if (++replies < 5) world.transport.send(get(kPods, "a", "p"), again);
  };
  world.transport.send(get(kPods, "a", "p"), again);
  EXPECT_EQ(replies, 0);  // never from inside send()
  EXPECT_TRUE(world.run([&] { return replies == 5; }));
}

TEST(CurlTransport, WhatIsOpenAtTheEndEndsInSilence) {
  int calls = 0;
  {
    World world(never_answer);
    world.transport.send(get(kPods, "a", "p"), [&](Result<Response>) { ++calls; });
    world.transport.open(watch(kPods), {.on_line = [&](std::string_view) { ++calls; },
                                        .on_end = [&](Status) { ++calls; }});
    world.run([&] { return world.server.accepted() == 2; });
  }
  EXPECT_EQ(calls, 0);
}

TEST(CurlStream, DeliversLinesHoweverTheyAreCut) {
  World world([](auto& peer) { peer.start_chunks(); });
  Heard heard;
  world.transport.open(watch(kPods), heard.sink());
  world.run([&] { return !world.server.peers().empty(); });
  auto& peer = *world.server.peers().front();
  for (const char* part : {"{\"a\"", ":1}\n{\"b\":2}", "\n\n{\"c\":", "3}\n"}) {
    peer.chunk(part);
    world.settle();
  }
  EXPECT_THAT(heard.lines, ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
  EXPECT_FALSE(heard.ended);
  peer.end_chunks();
  EXPECT_TRUE(world.run([&] { return heard.ended.has_value(); }));
  EXPECT_TRUE(heard.ended->ok());
}

TEST(CurlStream, AStreamCutInsideALineIsUnavailable) {
  World world([](auto& peer) {
    peer.start_chunks();
    peer.chunk("{\"a\":1}\n{\"b\"");
    peer.hang_up();
  });
  Heard heard;
  world.transport.open(watch(kPods), heard.sink());
  world.run([&] { return heard.ended.has_value(); });
  EXPECT_THAT(heard.lines, ElementsAre("{\"a\":1}"));
  EXPECT_EQ(heard.ended->error().code, Code::Unavailable);
  EXPECT_THAT(heard.ended->error().message, StartsWith("watch Pod: "));
}

TEST(CurlStream, ACleanEndInsideALineIsACutToo) {
  World world([](auto& peer) { peer.reply(200, "{\"a\":1}\n{\"b\""); });
  Heard heard;
  world.transport.open(watch(kPods), heard.sink());
  world.run([&] { return heard.ended.has_value(); });
  EXPECT_THAT(heard.lines, ElementsAre("{\"a\":1}"));
  EXPECT_EQ(heard.ended->error(),
            (Error{Code::Unavailable, "watch Pod: the stream was cut inside a line"}));
}

TEST(CurlStream, ARefusalIsTheMatchingError) {
  World world([](auto& peer) {
    peer.reply(410, R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})");
  });
  Heard heard;
  world.transport.open(watch(kPods), heard.sink());
  world.run([&] { return heard.ended.has_value(); });
  EXPECT_EQ(heard.ended->error(), (Error{Code::Expired, "watch Pod: 410 Expired: too old"}));
}

TEST(CurlStream, SilenceEndsItAndEverySignOfLifeProlongsIt) {
  World world([](auto& peer) { peer.start_chunks(); });
  Heard heard;
  world.transport.open(watch(kPods, {.silence = Millis{60'000}}), heard.sink());
  world.run([&] { return !world.server.peers().empty(); });
  world.settle();
  for (int minute = 0; minute < 3; ++minute) {
    world.clock.advance(Millis{59'000});
    world.server.peers().front()->chunk("{}\n");
    world.settle();
  }
  EXPECT_EQ(heard.lines.size(), 3U);
  EXPECT_FALSE(heard.ended);
  world.clock.advance(Millis{60'000});
  world.settle();
  ASSERT_TRUE(heard.ended);
  EXPECT_EQ(heard.ended->error(), (Error{Code::Timeout, "watch Pod: no answer in 60000 ms"}));
}

TEST(CurlStream, ALineWithoutEndIsRefused) {
  World world(
      [](auto& peer) {
        peer.start_chunks();
        peer.chunk(std::string(50'000, 'x'));
      },
      {.max_line_bytes = 10'000});
  Heard heard;
  world.transport.open(watch(kPods), heard.sink());
  world.run([&] { return heard.ended.has_value(); });
  EXPECT_EQ(heard.ended->error(),
            (Error{Code::Invalid, "watch Pod: a line is longer than 10000 bytes"}));
}

TEST(CurlStream, NothingIsHeardAfterClose) {
  World world([](auto& peer) { peer.reply(200, "{\"a\":1}\n{\"b\":2}\n"); });
  std::vector<std::string> lines;
  bool ended = false;
  StreamId id = 0;
  id = world.transport.open(watch(kPods), {.on_line =
                                               [&](std::string_view line) {
                                                 lines.emplace_back(line);
                                                 world.transport.close(id);
                                               },
                                           .on_end = [&](Status) { ended = true; }});
  world.run([&] { return world.transport.open_count() == 0; });
  EXPECT_THAT(lines, ElementsAre("{\"a\":1}"));
  EXPECT_FALSE(ended);
}

TEST(CurlStream, OneEndMayCloseAnotherThatEndedToo) {
  World world([](auto& peer) { peer.reply(200, ""); });
  std::vector<StreamId> ids;
  int ends = 0;
  for (int i = 0; i < 2; ++i)
    ids.push_back(world.transport.open(watch(kPods), {.on_line = [](std::string_view) {},
                                                      .on_end =
                                                          [&](Status) {
                                                            ++ends;
                                                            for (const StreamId id : ids)
                                                              world.transport.close(id);
                                                          }}));
  world.run([&] { return world.transport.open_count() == 0; });
  EXPECT_EQ(ends, 1);
}

TEST(CurlStream, ClosingOneThatHasNotStartedForgetsIt) {
  World world(never_answer);
  Heard heard;
  world.transport.close(world.transport.open(watch(kPods), heard.sink()));
  world.settle();
  EXPECT_EQ(world.server.accepted(), 0);
  EXPECT_FALSE(heard.ended);
}

}  // namespace
}  // namespace berth::kube
