#pragma once
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

#include "router/proxy/loop.h"

namespace berth::router {

// A replica whose node is gone says nothing, not even that: what is sent to it and not
// acknowledged, or asked by a probe, ends the connection within about three seconds, and its
// requests are sent elsewhere. tcp(7).
inline void mind_silence(int socket) {
  const auto set = [socket](int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);  // else it takes longer
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 2);          // seconds
  set(IPPROTO_TCP, TCP_KEEPINTVL, 1);         // seconds
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 3'000);  // milliseconds, and with it the number of probes
}

// Connects to a numeric address. `done` gets the outcome; where it takes longer than a connection
// may, timed_out first and then what becomes of it, so it has to stand being called again.
template <class Done>
void dial(Loop& loop, boost::asio::ip::tcp::socket& socket, boost::asio::steady_timer& timer,
          const std::string& address, uint16_t port, Done done) {
  boost::system::error_code malformed;  // what is no address is taken into no table
  const auto numeric = boost::asio::ip::make_address(address, malformed);
  timer.expires_after(loop.shared.limits.connect_timeout);
  timer.async_wait([done](boost::system::error_code ended) {
    if (!ended) done(boost::asio::error::timed_out);
  });
  const boost::asio::ip::tcp::endpoint replica(numeric, port);
  boost::system::error_code unopened;  // then connecting says so
  socket.open(replica.protocol(), unopened);
  if (!unopened) mind_silence(socket.native_handle());
  socket.async_connect(replica, done);
}

}  // namespace berth::router
