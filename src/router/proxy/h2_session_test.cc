#include "router/proxy/h2_session.h"

#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "router/testing/grpc.h"

namespace berth::router {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests
using boost::asio::ip::tcp;

constexpr int32_t kEveryStream = 0x7fffffff;

// A client that does with frames what the test does by hand. Blocking.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    write(std::string({0, 0, 0, NGHTTP2_SETTINGS, 0, 0, 0, 0, 0}));
  }

  // The payload of the next frame of that type; nothing once the connection has ended.
  std::optional<std::string> next(nghttp2_frame_type type) {
    for (;;) {
      const std::string head = read(9);
      if (head.size() < 9) return std::nullopt;
      std::string payload = read(static_cast<size_t>(byte(head, 1)) << 8 | byte(head, 2));
      if (byte(head, 3) == type) return payload;
    }
  }
  // The last stream that a GOAWAY names.
  std::optional<int32_t> next_goaway() {
    const auto payload = next(NGHTTP2_GOAWAY);
    if (!payload) return std::nullopt;
    int32_t last = 0;
    for (size_t i = 0; i < 4; ++i) last = last << 8 | byte(*payload, i);
    return last;
  }
  // The next ping is answered; false when the connection has ended.
  bool answer_ping() {
    const auto payload = next(NGHTTP2_PING);
    if (payload)
      write(std::string({0, 0, 8, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, 0, 0, 0}) + *payload);
    return payload.has_value();
  }
  bool has_ended() { return !next(NGHTTP2_CONTINUATION); }

 private:
  static uint8_t byte(const std::string& text, size_t at) { return static_cast<uint8_t>(text[at]); }
  void write(const std::string& bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
  std::string read(size_t size) {
    std::string bytes(size, '\0');
    boost::system::error_code error;
    bytes.resize(boost::asio::read(socket_, boost::asio::buffer(bytes), error));
    return bytes;
  }

  boost::asio::io_context io_;
  tcp::socket socket_;
};

class H2SessionTest : public GrpcWorld {
 protected:
  static constexpr ProxyLimits kImpatient{.quiet_before_ping = Millis{50},
                                          .ping_timeout = Millis{50}};
};

TEST_F(H2SessionTest, EndsAClientThatAnswersNoPing) {
  start({.limits = kImpatient});
  RawClient client(router_->grpc_port());
  EXPECT_TRUE(client.next(NGHTTP2_PING));
  EXPECT_TRUE(client.has_ended());
  EXPECT_TRUE(comes_true([this] { return router_->connections() == 0; }));
}

TEST_F(H2SessionTest, KeepsAClientThatAnswersItsPings) {
  start({.limits = {.quiet_before_ping = Millis{10}, .ping_timeout = Millis{10'000}}});
  RawClient client(router_->grpc_port());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.answer_ping());
  EXPECT_EQ(router_->connections(), 1);
}

TEST_F(H2SessionTest, TellsAnIdleClientToGoAndThenWaitsForItsEnd) {
  start({.limits = {.idle_timeout = Millis{1'000}}});
  RawClient client(router_->grpc_port());
  EXPECT_EQ(client.next_goaway(), kEveryStream) << "what is on the way is still served";
  EXPECT_TRUE(client.answer_ping());
  EXPECT_EQ(client.next_goaway(), 0);
  EXPECT_TRUE(client.has_ended());
}

TEST_F(H2SessionTest, ServesCallsThatCrossItsGoAway) {
  route({endpoint("fraud", {replica()})});
  accept();
  for (int i = 0; i < 10; ++i) {
    caller_.streams.clear();
    connect();
    const int32_t first = call("1");
    answer(take_call(), "one");
    ASSERT_TRUE(is_done(first));
    router_->drain();
    const int32_t crossing = call("2");
    ASSERT_GT(crossing, 0);
    answer(take_call(), "two");
    ASSERT_TRUE(is_done(crossing));
    EXPECT_EQ(caller_.streams[crossing].body, "two");
    caller_.session->close();
  }
}

TEST_F(H2SessionTest, SendsACallElsewhereWhoseReplicaAnswersNoPing) {
  const tcp::acceptor silent(loop_.io, {boost::asio::ip::address_v4::loopback(), 0});
  Replica dead{.id = "a", .address = "127.0.0.1", .grpc_port = silent.local_endpoint().port()};
  Replica alive = replica();
  alive.id = "b";
  start({.limits = kImpatient});
  route({endpoint("fraud", {dead, alive})});
  accept();
  shared_.limits = kImpatient;
  connect();
  const int32_t asked = call("1");
  answer(take_call(), "yes");
  ASSERT_TRUE(is_done(asked));
  EXPECT_EQ(caller_.streams[asked].body, "yes");
  EXPECT_TRUE(shows("berth_router_retries_total{endpoint=\"fraud\"} 1"));
}

TEST_F(H2SessionTest, EndsConnectionsToReplicasThatNobodyUses) {
  start({.limits = {.replica_idle_timeout = Millis{50}}});
  route({endpoint("fraud", {replica()})});
  accept();
  connect();
  const int32_t asked = call("1");
  answer(take_call(), "yes");
  ASSERT_TRUE(is_done(asked));
  EXPECT_TRUE(turns([this] { return replica_.is_lost; }));
}

}  // namespace
}  // namespace berth::router
