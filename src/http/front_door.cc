#include "http/front_door.h"

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <thread>
#include <utility>

namespace berth::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

// What all visits share; on the door's one thread.
struct House {
  DoorLimits limits;
  tcp::endpoint inner;
  int visits = 0;
};

std::string refusal(int status, std::string_view reason, std::string_view line) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(reason).append("\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ");
  text.append(std::to_string(line.size() + 1)).append("\r\nConnection: close\r\n\r\n");
  return text.append(line).append("\n");
}

// One request and its answer.
class Visit : public std::enable_shared_from_this<Visit> {
 public:
  Visit(tcp::socket peer, House& house)
      : house_(house),
        peer_(std::move(peer)),
        inside_(peer_.get_executor()),
        deadline_(peer_.get_executor()) {
    ++house_.visits;
  }
  ~Visit() { --house_.visits; }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  void start() {
    parser_.header_limit(static_cast<uint32_t>(house_.limits.header_bytes_max));
    end_within(house_.limits.request_timeout);
    beast::http::async_read_header(
        peer_, in_, parser_,
        [self = shared_from_this()](error_code error, size_t) { self->on_request(error); });
  }

 private:
  // Both sockets are closed then, so that whatever is waited for ends.
  void end_within(Millis time) {
    deadline_.expires_after(time);
    deadline_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr) return;
      error_code ignored;
      self->peer_.close(ignored);
      self->inside_.close(ignored);
    });
  }

  void on_request(error_code error) {
    if (error == beast::http::error::header_limit) {
      return answer(refusal(431, "Request Header Fields Too Large", "the headers are too large"));
    }
    if (error == beast::http::error::body_limit) return refuse_body();
    if (error) {
      const bool is_http = error.category() ==
                           beast::http::make_error_code(beast::http::error::bad_method).category();
      const bool is_cut = error == beast::http::error::end_of_stream ||
                          error == beast::http::error::partial_message;
      if (is_http && !is_cut) answer(refusal(400, "Bad Request", "this is not HTTP/1.1"));
      return;
    }
    if (!parser_.is_done()) return refuse_body();
    ask();
  }

  void refuse_body() { answer(refusal(413, "Content Too Large", "no body is read here")); }

  void ask() {
    end_within(house_.limits.answer_timeout);
    const auto& request = parser_.get();
    const auto method = request.method_string();
    const auto target = request.target();
    out_.append(method.data(), method.size()).append(" ").append(target.data(), target.size());
    out_.append(" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    inside_.async_connect(house_.inner, [self = shared_from_this()](error_code error) {
      if (error) return self->answer(refusal(503, "Service Unavailable", "not ready"));
      asio::async_write(self->inside_, asio::buffer(self->out_), [self](error_code failed, size_t) {
        if (!failed) self->hear();
      });
    });
  }

  // Until the end: the server behind was asked to close.
  void hear() {
    out_.clear();
    asio::async_read(inside_, asio::dynamic_buffer(out_, house_.limits.answer_bytes_max),
                     [self = shared_from_this()](error_code, size_t) {
                       if (!self->out_.empty()) self->answer(std::move(self->out_));
                     });
  }

  void answer(std::string text) {
    out_ = std::move(text);
    end_within(house_.limits.answer_timeout);
    asio::async_write(peer_, asio::buffer(out_),
                      [self = shared_from_this()](error_code error, size_t) {
                        if (!error) self->leave();
                      });
  }

  // Closing with unread input would reset the connection and take the answer with it.
  void leave() {
    error_code ignored;
    peer_.shutdown(tcp::socket::shutdown_send, ignored);
    end_within(house_.limits.request_timeout);
    discard();
  }

  void discard() {
    peer_.async_read_some(asio::buffer(discarded_),
                          [self = shared_from_this()](error_code error, size_t) {
                            if (!error) self->discard();
                          });
  }

  House& house_;
  tcp::socket peer_;
  tcp::socket inside_;
  asio::steady_timer deadline_;
  beast::flat_buffer in_;
  beast::http::request_parser<beast::http::empty_body> parser_;
  std::string out_;
  std::array<char, 1024> discarded_{};
};

class OneThreadDoor final : public FrontDoor {
 public:
  OneThreadDoor(uint16_t inner, DoorLimits limits)
      : house_{.limits = limits, .inner = {asio::ip::address_v4::loopback(), inner}} {}

  ~OneThreadDoor() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Status listen(const std::string& address, uint16_t port) {
    error_code error;
    const auto numeric = asio::ip::make_address(address, error);
    if (error) return Error{Code::Invalid, "'" + address + "' is no numeric address"};
    const tcp::endpoint at(numeric, port);
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) {
      return Error{Code::Unavailable,
                   "listen on " + address + ":" + std::to_string(port) + ": " + error.message()};
    }
    accept();
    thread_ = std::thread([this] { io_.run(); });
    return Done{};
  }

  uint16_t port() const override { return port_; }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket peer) {
      if (error) return accept_later();  // most likely no file descriptors: do not spin
      if (house_.visits < house_.limits.connections_max) {
        std::make_shared<Visit>(std::move(peer), house_)->start();
      }
      accept();
    });
  }

  void accept_later() {
    again_.expires_after(Millis{100});
    again_.async_wait([this](error_code error) {
      if (!error) accept();
    });
  }

  House house_;  // outlives the visits, which io_ holds
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer again_{io_};
  std::thread thread_;
  uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<FrontDoor>> FrontDoor::open(const std::string& address, uint16_t port,
                                                   uint16_t inner, DoorLimits limits) {
  auto door = std::make_unique<OneThreadDoor>(inner, limits);
  BERTH_TRY(door->listen(address, port));
  return std::unique_ptr<FrontDoor>(std::move(door));
}

}  // namespace berth::http
