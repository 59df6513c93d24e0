#include "http/plain_server.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <mutex>
#include <vector>

#include "http/testing/serving.h"

namespace berth::http {
namespace {

using boost::asio::ip::tcp;
using testing::comes_true;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// One connection to the server, blocking.
class Caller {
 public:
  explicit Caller(uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }
  void send(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
  void leave() { socket_.close(); }

  // Up to and with `end`, or until the server closed.
  std::string receive_until(std::string_view end) {
    boost::system::error_code error;
    const size_t size =
        boost::asio::read_until(socket_, boost::asio::dynamic_buffer(in_), end, error);
    std::string text = in_.substr(0, error ? in_.size() : size);
    in_.erase(0, text.size());
    return text;
  }

 private:
  boost::asio::io_context io_;
  tcp::socket socket_;
  std::string in_;
};

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nX-Colour: blue\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class PlainServerTest : public ::testing::Test {
 protected:
  void serve(Handler handler, PlainServerOptions options = {}) {
    auto started = PlainServer::start(std::move(options), std::move(handler), log_);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
  }

  NoLog log_;
  std::unique_ptr<Server> server_;
};

TEST_F(PlainServerTest, GivesTheHandlerHeadersAndTheBodyAsItsOwn) {
  serve([](const Request& request, const Peer&, const Respond& respond) {
    std::string body = request.asking->take_body();
    respond(
        {.body = std::string(request.asking->header("x-colour")) + " " + std::move(body) + "!"});
  });
  Caller caller(server_->port());
  for (int i = 0; i < 3; ++i) {  // over the same connection
    caller.send(post("/", "sky"));
    EXPECT_THAT(caller.receive_until("!"), EndsWith("\r\n\r\nblue sky!"));
  }
}

TEST_F(PlainServerTest, SendsFurtherHeadersAndEndsAConnectionOnRequest) {
  serve([](const Request&, const Peer&, const Respond& respond) {
    respond({.status = 503, .body = "no.", .headers = {{"Retry-After", "1"}}, .is_last = true});
  });
  Caller caller(server_->port());
  caller.send(post("/", ""));
  const std::string answer = caller.receive_until("nothing ends like this");
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: 1\r\nConnection: close\r\n"));
}

TEST_F(PlainServerTest, TellsWhoAskedForItThatThePeerHasGone) {
  std::atomic<int> asked = 0;
  std::atomic<int> gone = 0;
  serve([&](const Request& request, const Peer&, const Respond&) {
    request.asking->when_gone([&gone] { ++gone; });
    ++asked;
  });
  Caller caller(server_->port());
  caller.send(post("/", "hello"));
  EXPECT_TRUE(comes_true([&] { return asked == 1; }));
  EXPECT_EQ(gone, 0);
  caller.leave();
  EXPECT_TRUE(comes_true([&] { return gone == 1; }));
  EXPECT_TRUE(comes_true([&] { return server_->connections() == 0; }));
}

TEST_F(PlainServerTest, AnswersWhatWasSentWhileAnotherRequestWasInHand) {
  std::vector<Respond> waiting;
  std::mutex mutex;
  serve([&](const Request& request, const Peer&, Respond respond) {
    request.asking->when_gone([] {});
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(respond));
  });
  const auto answer_next = [&](size_t number) {
    ASSERT_TRUE(comes_true([&] {
      const std::lock_guard lock(mutex);
      return waiting.size() == number;
    }));
    waiting.back()({.body = std::to_string(number) + "!"});
  };
  Caller caller(server_->port());
  caller.send(post("/", "one") + post("/", "two"));
  answer_next(1);
  EXPECT_THAT(caller.receive_until("1!"), EndsWith("\r\n\r\n1!"));
  caller.send(post("/", "three"));
  answer_next(2);
  EXPECT_THAT(caller.receive_until("2!"), EndsWith("\r\n\r\n2!"));
  answer_next(3);
  EXPECT_THAT(caller.receive_until("3!"), EndsWith("\r\n\r\n3!"));
}

TEST_F(PlainServerTest, RefusesInTheWordsOfItsProgram) {
  const auto refusal = [](int status, std::string_view line) {
    return Response{.status = status, .body = "{\"error\":\"" + std::string(line) + "\"}"};
  };
  serve(testing::echo, {.limits = {.body_bytes_max = 3}, .bodies = nullptr, .refusal = refusal});
  Caller caller(server_->port());
  caller.send(post("/", "four"));
  EXPECT_THAT(caller.receive_until("}"), EndsWith("{\"error\":\"the body is larger than 3 B\"}"));
}

TEST_F(PlainServerTest, CountsRequestsThatAreOnTheWay) {
  const auto incoming = std::make_shared<std::atomic<int64_t>>(0);
  serve(testing::echo, {.bodies = nullptr, .incoming = incoming});
  Caller idle(server_->port());
  Caller caller(server_->port());
  caller.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n1");
  EXPECT_TRUE(comes_true([&] { return *incoming == 1; }));
  caller.send("23");
  EXPECT_THAT(caller.receive_until("123"), EndsWith(":123"));
  EXPECT_EQ(*incoming, 0);
  {
    Caller leaving(server_->port());
    leaving.send("POST");
    EXPECT_TRUE(comes_true([&] { return *incoming == 1; }));
  }
  EXPECT_TRUE(comes_true([&] { return *incoming == 0; }));
}

TEST_F(PlainServerTest, CountsWhatOthersHoldAgainstTheRoomForBodies) {
  const auto held = std::make_shared<std::atomic<size_t>>(95);
  serve(testing::echo, {.limits = {.all_bodies_bytes_max = 100}, .bodies = held});
  Caller caller(server_->port());
  caller.send(post("/", "12345"));
  EXPECT_THAT(caller.receive_until("12345"), EndsWith(":12345"));
  EXPECT_TRUE(comes_true([&] { return *held == 95; }));
  caller.send(post("/", "123456"));
  EXPECT_THAT(caller.receive_until("\n"), HasSubstr("503"));
}

TEST_F(PlainServerTest, WaitsForNobodyWhoLeavesAsItStops) {
  constexpr Millis kGrace = std::chrono::seconds(10);
  for (int round = 0; round < 300; ++round) {
    serve(testing::echo);
    Caller caller(server_->port());
    ASSERT_TRUE(comes_true([&] { return server_->connections() == 1; }));
    caller.send("POST / HTTP/1.1\r\n");
    caller.leave();
    const auto stopped = std::async(std::launch::async, [&] { server_->stop(kGrace); });
    ASSERT_EQ(stopped.wait_for(kGrace / 2), std::future_status::ready) << "round " << round;
  }
}

}  // namespace
}  // namespace berth::http
