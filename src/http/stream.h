#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <utility>
#include <variant>

namespace berth::http {

// A peer's bytes, through TLS or as they come: what Boost.Asio calls an AsyncStream, so that what
// speaks HTTP need not know which.
class Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Tls = boost::asio::ssl::stream<Socket>;
  using executor_type = Socket::executor_type;

  explicit Stream(Socket socket) : either_(std::in_place_type<Socket>, std::move(socket)) {}
  Stream(Socket socket, boost::asio::ssl::context& context)
      : either_(std::in_place_type<Tls>, std::move(socket), context) {}

  Tls* tls() { return std::get_if<Tls>(&either_); }  // null where there is none
  Socket& socket() { return tls() ? tls()->next_layer() : std::get<Socket>(either_); }
  executor_type get_executor() { return socket().get_executor(); }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (Tls* secured = tls()) {
      secured->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      socket().async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (Tls* secured = tls()) {
      secured->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      socket().async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

 private:
  std::variant<Socket, Tls> either_;
};

}  // namespace berth::http
