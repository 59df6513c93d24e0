#pragma once
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "http/tls_context.h"
#include "http/tls_server.h"

// The inside of TlsServer: one io_context and thread per worker, a connection belonging to one
// worker for life. So no connection needs a lock, and nothing here is called by another thread
// but Worker::io and what says so.
namespace berth::http {

class Connection;

// What the workers share.
struct ServerShape {
  Limits limits;
  Handler handler;
  Log& log;
  std::atomic<int> connections{0};
  std::mutex draining;  // guards nothing but the wait for `connections` to reach 0
  std::condition_variable drained;
};

// Deadlines are counted in ticks of one timer per worker instead of one timer per step: arming one
// is then a store, and a request makes several.
inline constexpr Millis kTick{100};

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  explicit Worker(ServerShape& server) : shape(server), timer_(io) {}

  void adopt(boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsIdentity> identity);
  void drain();  // closes what is idle, the rest after its answer
  void cut();    // closes everything
  void forget(const std::shared_ptr<Connection>& connection);
  // At most one line a second, or a port scan would fill the disk.
  void log_refused(const std::string& why);
  int64_t tick() const { return tick_; }
  bool is_draining() const { return is_draining_; }

  boost::asio::io_context io{1};
  ServerShape& shape;

 private:
  void start_ticking();

  boost::asio::steady_timer timer_;
  std::set<std::shared_ptr<Connection>> connections_;
  int64_t tick_ = 0;
  int64_t quiet_until_tick_ = 0;
  bool is_ticking_ = false;
  bool is_draining_ = false;
};

// One peer: Handshake, then (Idle, Header, Body, Handling, Writing) for each request.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Worker> worker, boost::asio::ip::tcp::socket socket,
             std::shared_ptr<TlsIdentity> identity);

  void start();
  void on_tick();
  void drain();
  void close();

 private:
  enum class Phase { Handshake, Idle, Header, Body, Handling, Writing, Lingering, Closed };

  void enter(Phase phase, Millis timeout);
  void wait_for_request();
  void read_header();
  void on_header(boost::system::error_code error);
  void read_body();
  void handle();
  void answer(uint64_t request, Response response);
  void write(const Response& response);
  void refuse(int status, std::string_view line);
  void refuse_malformed(boost::system::error_code error);
  void linger();

  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  std::shared_ptr<Worker> worker_;
  std::shared_ptr<TlsIdentity> identity_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  Peer peer_;
  Phase phase_ = Phase::Handshake;
  int64_t deadline_tick_ = 0;
  boost::beast::flat_buffer in_;
  std::optional<Parser> parser_;
  std::string out_;
  std::array<char, 1024> discarded_{};  // of its own: a read into in_ may still be pending
  uint64_t requests_ = 0;  // so that an answer that comes late meets its own request or none
  bool is_last_ = false;   // close after this answer
};

}  // namespace berth::http
