#include "http/front_door.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "http/status_server.h"

namespace berth::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The peer's end of a connection to 127.0.0.1; gives up after ten seconds.
class Dialer {
 public:
  explicit Dialer(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Dialer() { ::close(socket_); }
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  Dialer& send(const std::string& bytes) {
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return *this;
  }
  // All that comes until the end; "silence" when no end comes.
  std::string hear() {
    std::string text;
    char some[4096];
    for (;;) {
      const ssize_t got = ::recv(socket_, some, sizeof some, 0);
      if (got == 0) return text;
      if (got < 0) return errno == ECONNRESET ? text : "silence";
      text.append(some, static_cast<size_t>(got));
    }
  }

 private:
  int socket_;
};

class FrontDoorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = StatusServer::start(
        "127.0.0.1:0", {.metrics = [] { return std::string(100'000, 'm') + "\n"; }}, log_);
    ASSERT_TRUE(started.ok()) << started.error().message;
    behind_ = std::move(*started);
    auto opened = FrontDoor::open("127.0.0.1", 0, behind_->port(),
                                  {.header_bytes_max = 500,
                                   .connections_max = 5,
                                   .request_timeout = Millis{300},
                                   .answer_timeout = Millis{2'000}});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    door_ = std::move(*opened);
  }
  std::string ask(const std::string& bytes) { return Dialer(door_->port()).send(bytes).hear(); }

  NoLog log_;
  std::unique_ptr<StatusServer> behind_;
  std::unique_ptr<FrontDoor> door_;
};

TEST_F(FrontDoorTest, LetsASmallQuestionInAndItsAnswerOut) {
  const std::string answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, EndsWith(std::string(1'000, 'm') + "\n"));
  EXPECT_GT(answer.size(), 100'000U);
  EXPECT_THAT(ask("GET /debug HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("POST /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 405"));
}

TEST_F(FrontDoorTest, ReadsNoBodyHoweverItIsAnnounced) {
  for (const char* const length :
       {"Content-Length: 1", "Content-Length: 99999999999", "Transfer-Encoding: chunked"}) {
    EXPECT_THAT(ask("GET / HTTP/1.1\r\n" + std::string(length) + "\r\n\r\n"),
                EndsWith("\r\n\r\nno body is read here\n"));
  }
}

TEST_F(FrontDoorTest, ReadsNoGiantHeaders) {
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nx: " + std::string(600, 'x') + "\r\n\r\n"),
              EndsWith("\r\n\r\nthe headers are too large\n"));
  EXPECT_THAT(ask(std::string(100'000, 'x')), HasSubstr("the headers are too large"));
}

TEST_F(FrontDoorTest, SaysWhenItIsNoHttp) {
  EXPECT_THAT(ask("\x16\x03\x01\x02\r\n\r\n"), EndsWith("\r\n\r\nthis is not HTTP/1.1\n"));
}

TEST_F(FrontDoorTest, CutsWhoIsSlow) {
  EXPECT_EQ(Dialer(door_->port()).hear(), "");
  EXPECT_EQ(ask("GET /metrics HT"), "");
}

TEST_F(FrontDoorTest, HasRoomAgainAfterTheSlowWereCut) {
  std::vector<std::unique_ptr<Dialer>> slow;
  for (int i = 0; i < 20; ++i) slow.push_back(std::make_unique<Dialer>(door_->port()));
  for (const auto& peer : slow) EXPECT_EQ(peer->hear(), "");
  EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST(FrontDoor, SaysWhyItCannotOpen) {
  EXPECT_THAT(FrontDoor::open("h", 0, 1).error().message, HasSubstr("no numeric address"));
  const auto first = FrontDoor::open("127.0.0.1", 0, 1);
  ASSERT_TRUE(first.ok());
  const auto second = FrontDoor::open("127.0.0.1", (*first)->port(), 1);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::Unavailable);
}

TEST(FrontDoor, SaysWhenNobodyIsBehindIt) {
  const auto door = FrontDoor::open("127.0.0.1", 0, 1);
  ASSERT_TRUE(door.ok());
  EXPECT_THAT(Dialer((*door)->port()).send("GET / HTTP/1.1\r\n\r\n").hear(),
              StartsWith("HTTP/1.1 503"));
}

}  // namespace
}  // namespace berth::http
