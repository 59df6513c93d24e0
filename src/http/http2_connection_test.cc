#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <mutex>

#include "http/testing/http2_client.h"
#include "http/testing/serving.h"

namespace berth::http {
namespace {

using testing::comes_true;
using ::testing::HasSubstr;
using testing::Http2Client;

// What only HTTP/2 has; what both have is in tls_server_test.cc.
class Http2Test : public testing::Serving {
 protected:
  testing::Answer answer_to(int32_t stream) {
    auto answer = client_.receive();
    while (answer && answer->stream != stream) answer = client_.receive();
    EXPECT_TRUE(answer) << "no answer on stream " << stream;
    return answer.value_or(testing::Answer{});
  }

  Http2Client client_{pki_.ca(), pki_.client()};
};

// A handler's questions, to be answered later.
class Desk {
 public:
  Handler handler() {
    return [this](const Request&, const Peer&, const Respond& respond) {
      const std::lock_guard lock(guard_);
      waiting_.push_back(respond);
    };
  }
  size_t size() {
    const std::lock_guard lock(guard_);
    return waiting_.size();
  }
  bool has(size_t count) {
    return comes_true([&] { return size() >= count; });
  }
  void answer(size_t question, const std::string& body) {
    const std::lock_guard lock(guard_);
    waiting_.at(question)({.body = body});
  }

 private:
  std::mutex guard_;
  std::vector<Respond> waiting_;
};

TEST_F(Http2Test, AnswersManyParallelRequestsOverOneConnection) {
  Desk desk;
  serve({}, desk.handler());
  ASSERT_TRUE(client_.connect(server_->port()));
  for (int i = 0; i < 100; ++i) client_.start({.path = "/bind", .body = "{}"});
  ASSERT_TRUE(client_.flush());
  ASSERT_TRUE(desk.has(100));
  EXPECT_EQ(server_->connections(), 1);
  for (size_t i = 0; i < 100; ++i) desk.answer(i, "ok");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client_.receive()->body, "ok");
}

TEST_F(Http2Test, AnswersInTheOrderOfItsHandler) {
  Desk desk;
  serve({}, desk.handler());
  ASSERT_TRUE(client_.connect(server_->port()));
  const int32_t first = client_.start({.body = "first"});
  const int32_t second = client_.start({.body = "second"});
  ASSERT_TRUE(client_.flush());
  ASSERT_TRUE(desk.has(2));
  desk.answer(1, "to the second");
  const auto earlier = client_.receive();
  desk.answer(0, "to the first");
  const auto later = client_.receive();
  EXPECT_EQ(earlier->stream, second);
  EXPECT_EQ(earlier->body, "to the second");
  EXPECT_EQ(later->stream, first);
  EXPECT_EQ(later->body, "to the first");
}

TEST_F(Http2Test, RefusesALargeBodyWhileOtherStreamsGoOn) {
  auto options = quick();
  options.limits.body_timeout = Millis{5'000};
  options.limits.handler_timeout = Millis{5'000};
  Desk desk;
  serve(options, desk.handler());
  ASSERT_TRUE(client_.connect(server_->port()));
  client_.start({.path = "/bind", .body = "{}"});
  client_.start({.body = std::string(1001, 'x'), .is_of_unknown_length = true});
  ASSERT_TRUE(client_.flush());
  EXPECT_EQ(line_from(client_, 413), "the body is larger than 1000 B\n");
  ASSERT_TRUE(desk.has(1));
  desk.answer(0, "bound");
  EXPECT_EQ(client_.receive()->body, "bound");
  EXPECT_EQ(desk.size(), 1U);
}

TEST_F(Http2Test, CutsASlowSenderWhileOtherStreamsGoOn) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.ask({.body = "abc", .declared = 9, .is_unfinished = true}));
  EXPECT_EQ(client_.post("/", "meanwhile")->body, "kube-scheduler:meanwhile");
  EXPECT_THAT(line_from(client_, 408), HasSubstr("the body did not come within"));
  EXPECT_EQ(client_.post("/", "after it")->body, "kube-scheduler:after it");
}

TEST_F(Http2Test, BoundsTheUnfinishedBodiesOfAConnectionTogether) {
  auto options = quick();
  options.limits.unfinished_bytes_max = 1500;
  options.limits.body_timeout = Millis{5'000};
  serve(options);
  ASSERT_TRUE(client_.connect(server_->port()));
  const std::string half(800, 'x');
  client_.start({.body = half, .declared = 1000, .is_unfinished = true});
  client_.start({.body = half, .declared = 1000, .is_unfinished = true});
  ASSERT_TRUE(client_.flush());
  EXPECT_EQ(line_from(client_, 503),
            "the unanswered bodies of this connection are larger than 1500 B\n");
  EXPECT_EQ(client_.post("/", half)->status, 503) << "the first one is still there";
  EXPECT_EQ(client_.post("/", std::string(700, 'x'))->status, 200);
}

TEST_F(Http2Test, TellsAClientThatWaitsToGoOn) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.ask({.body = "hi", .headers = {{"expect", "100-continue"}}}));
  const auto answer = client_.receive();
  EXPECT_THAT(answer->head, HasSubstr(":status: 100\n"));
  EXPECT_EQ(answer->body, "kube-scheduler:hi");
}

TEST_F(Http2Test, SendsAnAnswerLargerThanEveryWindow) {
  const std::string large(3 * 1024 * 1024, 'x');
  serve({}, [&](const Request&, const Peer&, const Respond& respond) { respond({.body = large}); });
  ASSERT_TRUE(client_.connect(server_->port()));
  EXPECT_EQ(client_.post("/", "")->body, large);
}

TEST_F(Http2Test, FinishesWhatIsInFlightWhenItStops) {
  Desk desk;
  serve({}, desk.handler());
  ASSERT_TRUE(client_.connect(server_->port()));
  client_.start({.path = "/bind"});
  client_.start({.path = "/bind"});
  ASSERT_TRUE(client_.flush());
  ASSERT_TRUE(desk.has(2));
  const auto stopped = std::async(std::launch::async, [&] { server_->stop(Millis{5'000}); });
  desk.answer(1, "second");
  desk.answer(0, "first");
  EXPECT_EQ(client_.receive()->body, "second");
  EXPECT_EQ(client_.receive()->body, "first");
  EXPECT_TRUE(client_.is_cut());
  client_.disconnect();
}

// CVE-2023-44487: what is reset makes room for the next stream, but its handler still runs.
TEST_F(Http2Test, HandlesNoMoreAtATimeForAPeerThatResetsWhatItAsked) {
  TlsServerOptions options;
  options.limits.streams_max = 10;
  Desk desk;
  serve(options, desk.handler());
  ASSERT_TRUE(client_.connect(server_->port()));
  for (int i = 0; i < 500; ++i) {
    const int32_t stream = client_.start({.path = "/bind"});
    client_.flush();
    client_.reset(stream);
    client_.flush();
  }
  EXPECT_TRUE(desk.has(10));
  const int32_t another = client_.start({.path = "/bind"});
  ASSERT_TRUE(client_.flush());
  EXPECT_EQ(answer_to(another).status, 0) << "reset: none of the ten is answered yet";
  EXPECT_EQ(desk.size(), 10U);
  for (size_t i = 0; i < 10; ++i) desk.answer(i, "nobody listens");
  EXPECT_TRUE(client_.ask({.path = "/bind"}));
  EXPECT_TRUE(desk.has(11));
}

TEST_F(Http2Test, EndsAConnectionThatResetsWithoutEnd) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  bool is_sent = true;
  for (int i = 0; i < 5'000 && is_sent; ++i) {
    const int32_t stream = client_.start({.path = "/never"});
    is_sent = client_.flush();
    client_.reset(stream);
    is_sent = is_sent && client_.flush();
  }
  EXPECT_TRUE(client_.is_cut());
  Http2Client other(pki_.ca(), pki_.client());
  ASSERT_TRUE(other.connect(server_->port()));
  EXPECT_EQ(other.post("/", "x")->body, "kube-scheduler:x");
}

TEST_F(Http2Test, CutsAPeerThatDoesNotReadWhatItAsksFor) {
  auto options = quick();
  options.limits.write_timeout = Millis{200};
  options.limits.idle_timeout = Millis{60'000};
  serve(options);
  ASSERT_TRUE(client_.connect(server_->port()));
  // Until our writes fill both sides' socket buffers, and then find the connection closed.
  const auto is_refused = [&] {
    for (int i = 0; i < 1000; ++i) client_.ping();
    return !client_.flush();
  };
  EXPECT_TRUE(comes_true(is_refused));
  client_.disconnect();
  EXPECT_TRUE(is_left_alone());
}

TEST_F(Http2Test, EndsAfterGarbageInsteadOfThePreface) {
  serve(quick());
  ASSERT_TRUE(client_.shake_hands(server_->port()));
  ASSERT_TRUE(client_.send_raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_THAT(client_.farewell(), HasSubstr("bad client magic"));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(Http2Test, EndsAfterGarbageBehindThePreface) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send_raw(std::string(1000, '\xff')));
  EXPECT_TRUE(client_.is_cut());
  client_.disconnect();
  EXPECT_TRUE(is_left_alone());
}

TEST_F(Http2Test, CutsAPeerThatDoesNotGreet) {
  serve(quick());
  ASSERT_TRUE(client_.shake_hands(server_->port()));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(Http2Test, CutsAConnectionWhoseHeadersDoNotEnd) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  EXPECT_EQ(client_.post("/", "")->status, 200);
  using namespace std::string_view_literals;
  // HEADERS of stream 3, one byte long: ":method: GET", and neither their end nor the stream's.
  ASSERT_TRUE(client_.send_raw("\x00\x00\x01\x01\x00\x00\x00\x00\x03\x82"sv));
  EXPECT_EQ(client_.farewell(), "the headers did not come within 0 s");
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(Http2Test, PingsDoNotKeepAnIdleConnection) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  EXPECT_TRUE(comes_true([&] {
    client_.ping();
    return !client_.flush();
  }));
}

}  // namespace
}  // namespace berth::http
