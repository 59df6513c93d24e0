#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "http/body_room.h"
#include "http/incoming.h"
#include "http/tls_context.h"
#include "http/tls_server.h"

// The inside of TlsServer and PlainServer: one io_context and thread per worker, a connection
// belonging to one worker for life. So no connection needs a lock, and nothing here is called by
// another thread but Worker::io and what says so.
namespace berth::http {

class Connection;

// What the workers share.
struct ServerShape {
  Limits limits;
  Handler handler;
  Log& log;
  Refusal refusal = text_response;
  std::atomic<int> connections{0};
  BodyRoom::Sum bodies = std::make_shared<std::atomic<size_t>>(0);  // bytes
  Incoming::Sum incoming = std::make_shared<std::atomic<int64_t>>(0);
  std::mutex draining;  // guards nothing but the wait for `connections` to reach 0
  std::condition_variable drained;
};

// Deadlines are counted in ticks of one timer per worker instead of one timer per step: arming one
// is then a store, and a request makes several.
inline constexpr Millis kTick{100};

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  explicit Worker(ServerShape& server) : shape(server), timer_(io) {}

  // Without an identity the peer speaks HTTP/1.1 at once.
  void adopt(boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsIdentity> identity);
  // The same peer goes on as another object, once its handshake has said what it speaks.
  void replace(const std::shared_ptr<Connection>& before, std::shared_ptr<Connection> after);
  void drain();  // closes what is idle, the rest after its answer
  // The same, for those whose peer was verified against other CAs than those of `current`.
  void drain_strangers(const TlsIdentity& current);
  void cut();  // closes everything
  void forget(const std::shared_ptr<Connection>& connection);
  // At most one line a second, or a port scan would fill the disk.
  void log_refused(const std::string& why);
  int64_t deadline(Millis timeout) const { return tick_ + timeout / kTick + 1; }
  bool is_past(int64_t deadline) const { return tick_ >= deadline; }

  boost::asio::io_context io{1};
  ServerShape& shape;

 private:
  void start_ticking();
  void tell_drained();

  boost::asio::steady_timer timer_;
  std::set<std::shared_ptr<Connection>> connections_;
  int64_t tick_ = 0;
  int64_t quiet_until_tick_ = 0;
  bool is_ticking_ = false;
  bool is_draining_ = false;
};

}  // namespace berth::http
