#pragma once
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/plain_server.h"
#include "http/testing/serving.h"
#include "router/proxy/router.h"

// Clients and replicas for tests of the data path over real sockets.
namespace berth::router::testing {

using http::testing::comes_true;

struct Answer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
};

// One connection of a client, blocking.
class Caller {
 public:
  explicit Caller(uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }
  void send(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
  void leave() { socket_.close(); }

  Answer receive() {
    boost::system::error_code error;
    const size_t size = boost::asio::read_until(socket_, buffer(), "\r\n\r\n", error);
    if (error) return {};
    Answer answer{.status = std::stoi(in_.substr(9, 3)), .head = in_.substr(0, size)};
    in_.erase(0, size);
    const size_t at = answer.head.find("Content-Length: ");
    if (at == std::string::npos) return receive_to_the_end(std::move(answer));
    answer.body = take(std::stoul(answer.head.substr(at + 16)));
    return answer;
  }

  bool is_closed() {
    boost::system::error_code error;
    boost::asio::read(socket_, buffer(), boost::asio::transfer_at_least(1), error);
    return error == boost::asio::error::eof || error == boost::asio::error::connection_reset;
  }

 private:
  boost::asio::dynamic_string_buffer<char, std::char_traits<char>, std::allocator<char>> buffer() {
    return boost::asio::dynamic_buffer(in_);
  }
  std::string take(size_t size) {
    boost::system::error_code error;
    if (in_.size() < size) {
      boost::asio::read(socket_, buffer(), boost::asio::transfer_exactly(size - in_.size()), error);
    }
    std::string text = in_.substr(0, size);
    in_.erase(0, size);
    return text;
  }
  // As it comes: chunks with their sizes.
  Answer receive_to_the_end(Answer answer) {
    boost::system::error_code error;
    const bool is_chunked = answer.head.find("chunked") != std::string::npos;
    const size_t size = is_chunked ? boost::asio::read_until(socket_, buffer(), "0\r\n\r\n", error)
                                   : boost::asio::read(socket_, buffer(), error) + in_.size();
    answer.body = take(error ? in_.size() : size);
    return answer;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string in_;
};

inline std::string post(std::string_view path, std::string_view body,
                        std::string_view headers = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// A replica that answers at once, by default with its name and what it was sent.
class FakeReplica {
 public:
  explicit FakeReplica(std::string name, http::Handler handler = {}, uint16_t port = 0) {
    if (!handler) {
      handler = [name](const http::Request& request, const http::Peer&, const http::Respond& done) {
        done({.body = name + ":" + std::string(request.body)});
      };
    }
    http::PlainServerOptions options{.port = port};
    options.limits.body_bytes_max = size_t{64} << 20;
    options.limits.all_bodies_bytes_max = size_t{1} << 30;
    auto started = http::PlainServer::start(options, std::move(handler), log_);
    EXPECT_TRUE(started.ok());
    server_ = std::move(*started);
    replica_ = {.id = name, .address = "127.0.0.1", .rest_port = server_->port()};
  }

  const Replica& replica() const { return replica_; }
  int connections() const { return server_->connections(); }
  void stop(Millis grace = Millis{0}) { server_->stop(grace); }

 private:
  NoLog log_;
  std::unique_ptr<http::Server> server_;
  Replica replica_;
};

// A listener that does what the test does by hand.
class RawReplica {
 public:
  explicit RawReplica(std::string name)
      : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
    replica_ = {.id = std::move(name),
                .address = "127.0.0.1",
                .rest_port = acceptor_.local_endpoint().port()};
  }
  const Replica& replica() const { return replica_; }
  // The next connection, once it has sent the head of a request.
  boost::asio::ip::tcp::socket take_request(std::string* head = nullptr) {
    boost::asio::ip::tcp::socket socket(io_);
    acceptor_.accept(socket);
    read_request(socket, head);
    return socket;
  }
  static void read_request(boost::asio::ip::tcp::socket& socket, std::string* head = nullptr) {
    std::string text;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(text), "\r\n\r\n");
    if (head != nullptr) *head = text;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Replica replica_;
};

inline Endpoint endpoint(std::string name, std::vector<Replica> replicas) {
  return {.name = std::move(name), .timeout = Millis{10'000}, .replicas = std::move(replicas)};
}

class RouterTest : public ::testing::Test {
 protected:
  void start(ProxyOptions options = {}) {
    auto started = Router::start(std::move(options), log_);
    ASSERT_TRUE(started.ok()) << started.error().message;
    router_ = std::move(*started);
  }
  void route(std::vector<Endpoint> endpoints) {
    RouteTable table{.name_space = "risk"};
    for (Endpoint& one : endpoints) table.endpoints.emplace(one.name, one);
    if (!router_) start();
    router_->set_table(std::move(table));
  }
  Answer ask(std::string_view body, std::string_view headers = {},
             std::string_view path = "/v2/models/fraud/infer") {
    Caller caller(router_->rest_port());
    caller.send(post(path, body, headers));
    return caller.receive();
  }
  bool shows(const std::string& line) {
    return comes_true([&] { return router_->metrics().find(line + "\n") != std::string::npos; });
  }

  NoLog log_;
  std::unique_ptr<Router> router_;
};

}  // namespace berth::router::testing
