// The replica of bench/router: answers every request at once with as many bytes as it is told, over
// HTTP/1.1 and over gRPC.
#include <CLI/CLI.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "base/log.h"
#include "http/plain_server.h"
#include "router/proxy/h2_session.h"

namespace berth::bench {
namespace {

using boost::asio::ip::tcp;

// One connection over HTTP/2; goes with it.
class Caller final : public router::H2Events, public std::enable_shared_from_this<Caller> {
 public:
  Caller(router::Loop& loop, tcp::socket socket, const std::string& body) : body_(body) {
    session_ =
        std::make_shared<router::H2Session>(loop, std::move(socket), router::H2Side::Server, *this);
  }
  void start() {
    self_ = shared_from_this();
    session_->start();
  }

 private:
  void on_headers(int32_t, router::Fields, bool) override {}
  void on_data(int32_t stream, std::string_view bytes) override {
    session_->consume(stream, bytes.size());
  }
  void on_stream_end(int32_t stream) override {
    session_->respond(stream, {{":status", "200"}, {"content-type", "application/grpc"}}, false);
    session_->append(stream, body_);
    session_->finish(stream, {{"grpc-status", "0"}});
  }
  void on_stream_closed(int32_t, uint32_t) override {}
  void on_lost(std::string_view) override { self_.reset(); }

  const std::string& body_;
  std::shared_ptr<router::H2Session> session_;
  std::shared_ptr<Caller> self_;
};

void accept(tcp::acceptor& acceptor, router::Loop& loop, const std::string& body) {
  acceptor.async_accept(loop.io, [&](boost::system::error_code error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    std::make_shared<Caller>(loop, std::move(socket), body)->start();
    accept(acceptor, loop, body);
  });
}

int serve(uint16_t port, uint16_t grpc_port, size_t bytes) {
  NoLog log;
  const std::string body(bytes, 'x');
  const auto server = http::PlainServer::start(
      {.port = port},
      [&body](const http::Request&, const http::Peer&, const http::Respond& respond) {
        respond({.body = body});
      },
      log);
  if (!server.ok()) return 1;
  router::Shared shared{.limits = {}, .log = log};
  router::Loop loop(shared, 0);
  tcp::acceptor acceptor(loop.io, {boost::asio::ip::address_v4::loopback(), grpc_port});
  accept(acceptor, loop, body);
  loop.io.run();  // until it is ended
  return 0;
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  uint16_t port = 0;
  uint16_t grpc_port = 0;
  size_t bytes = 200;
  CLI::App app{"Answers every request on 127.0.0.1 at once."};
  app.add_option("--port", port, "of HTTP/1.1")->required();
  app.add_option("--grpc-port", grpc_port, "of HTTP/2 without TLS")->required();
  app.add_option("--bytes", bytes, "of each answer");
  CLI11_PARSE(app, argc, argv);
  return berth::bench::serve(port, grpc_port, bytes);
}
