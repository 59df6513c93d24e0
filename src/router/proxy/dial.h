#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

#include "router/proxy/loop.h"

namespace berth::router {

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
  socket.async_connect({numeric, port}, done);
}

}  // namespace berth::router
