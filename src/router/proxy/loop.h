#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "http/body_room.h"
#include "router/endpoint_state.h"
#include "router/moment.h"

namespace berth::router {

class Exchange;
class GrpcPool;
class Mirror;
class RestPool;

// What clients may cost, and how long things may take.
struct ProxyLimits {
  size_t request_bytes_max = size_t{64} << 20;  // of one body
  size_t held_bytes_max = size_t{1} << 30;      // of all bodies until they are answered
  size_t header_bytes_max = size_t{64} << 10;
  int connections_max = 10'000;
  uint32_t streams_max = 1'000;         // of one HTTP/2 connection
  Millis header_timeout{10'000};        // from the first byte of a request
  Millis body_timeout{60'000};          // from the end of the headers
  Millis write_timeout{60'000};         // a client that does not read
  Millis idle_timeout{300'000};         // between requests of a client
  Millis replica_idle_timeout{30'000};  // below what replicas allow: they are not to end it first
  Millis connect_timeout{1'000};
  Millis quiet_before_ping{15'000};  // of an HTTP/2 peer
  Millis ping_timeout{10'000};
  Millis hold_timeout{300'000};  // for a replica; then 503
  int mirrors_max = 256;         // mirrored requests whose answers are not compared yet
  size_t mirrored_bytes_max = size_t{64} << 20;  // of these, requests and both answers
};

// What all threads share.
struct Shared {
  ProxyLimits limits;
  Log& log;
  http::BodyRoom::Sum bodies = std::make_shared<std::atomic<size_t>>(0);
  std::atomic<int> connections{0};
  std::atomic<int> exchanges{0};
  std::atomic<bool> is_draining{false};
  http::BodyRoom::Sum mirrored_bytes = std::make_shared<std::atomic<size_t>>(0);
  std::atomic<int> mirrors{0};
  boost::asio::io_context aside{1};  // what no client waits for, on a thread of its own
};

// A client's connection, as its thread sees it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  virtual void drain() = 0;   // ask the client to go elsewhere
  virtual void finish() = 0;  // take no more than what is there
  virtual void close() = 0;
  virtual void check_deadlines(Moment now) = 0;
};

// One thread of the data path, its connections to clients and its own to replicas. All of it is
// touched by that thread alone.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(Shared& all, uint64_t seed);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  static Moment now();

  void start();  // ticking
  void set_routes(std::shared_ptr<const Routes> routes);
  const std::shared_ptr<const Routes>& routes() const { return routes_; }

  // A request waits for a replica of the endpoint: Exchange::send() is called when one may be
  // there.
  void hold(const std::string& endpoint, const std::shared_ptr<Exchange>& exchange);
  void adopt(const std::shared_ptr<Connection>& connection);
  void forget(const std::shared_ptr<Connection>& connection);
  void drain();
  void finish();
  void cut();
  uint64_t draw();  // any number, evenly spread

  boost::asio::io_context io{1};
  Shared& shared;
  std::unique_ptr<RestPool> rest;
  std::unique_ptr<GrpcPool> grpc;
  std::set<std::shared_ptr<Mirror>> mirrors;  // sent to a candidate

 private:
  void tick();

  boost::asio::steady_timer timer_;
  std::shared_ptr<const Routes> routes_;
  std::map<std::string, std::list<std::weak_ptr<Exchange>>> held_;
  std::set<std::shared_ptr<Connection>> connections_;
  uint64_t random_;
  bool is_finishing_ = false;
};

}  // namespace berth::router
