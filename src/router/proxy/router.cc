#include "router/proxy/router.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "router/proxy/grpc_connection.h"
#include "router/proxy/rest_connection.h"

namespace berth::router {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Millis kPauseAfterError{100};

// Accepts for all threads, on one of them, and hands connections out in turn.
class Acceptor {
 public:
  using Make = std::shared_ptr<Connection> (*)(Loop&, tcp::socket);

  Acceptor(std::vector<std::shared_ptr<Loop>>& loops, Make make)
      : loops_(loops), make_(make), acceptor_(loops.front()->io), again_(loops.front()->io) {}

  Status listen(const std::string& address, uint16_t port) {
    error_code error;
    const auto numeric = asio::ip::make_address(address, error);
    if (error) return Error{Code::Invalid, "'" + address + "' is no numeric address"};
    const tcp::endpoint endpoint(numeric, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) {
      return Error{Code::Unavailable,
                   "listen on " + address + ":" + std::to_string(port) + ": " + error.message()};
    }
    return Done{};
  }

  void accept() {
    auto& loop = loops_[next_++ % loops_.size()];
    acceptor_.async_accept(loop->io, [this, loop](error_code error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (error) return accept_later();  // most likely no file descriptors: do not spin
      adopt(loop, std::move(socket));
      accept();
    });
  }

  // Who has connected and not been accepted yet would be reset.
  void close() {
    error_code error;
    acceptor_.non_blocking(true, error);
    while (!error) {
      auto& loop = loops_[next_++ % loops_.size()];
      tcp::socket socket(loop->io);
      acceptor_.accept(socket, error);
      if (!error) adopt(loop, std::move(socket));
    }
    acceptor_.close(error);
    again_.cancel();
  }

  uint16_t port() const { return port_; }

 private:
  void adopt(const std::shared_ptr<Loop>& loop, tcp::socket socket) {
    Shared& shared = loop->shared;
    if (++shared.connections > shared.limits.connections_max) {
      --shared.connections;
      return;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    asio::dispatch(loop->io, [loop, make = make_, adopted = std::move(socket)]() mutable {
      loop->adopt(make(*loop, std::move(adopted)));
    });
  }

  void accept_later() {
    again_.expires_after(kPauseAfterError);
    again_.async_wait([this](error_code error) {
      if (!error && acceptor_.is_open()) accept();
    });
  }

  std::vector<std::shared_ptr<Loop>>& loops_;
  const Make make_;
  tcp::acceptor acceptor_;
  asio::steady_timer again_;
  uint16_t port_ = 0;
  size_t next_ = 0;
};

template <class Kind>
std::shared_ptr<Connection> make_connection(Loop& loop, tcp::socket socket) {
  return std::make_shared<Kind>(loop, std::move(socket));
}

class AsioRouter final : public Router {
 public:
  AsioRouter(const ProxyOptions& options, Log& log)
      : shared_{.limits = options.limits, .log = log},
        loops_(make_loops(options, shared_)),
        rest_(loops_, make_connection<RestConnection>),
        grpc_(loops_, make_connection<GrpcConnection>) {}

  ~AsioRouter() override { stop(Millis{0}); }

  Status listen(const ProxyOptions& options) {
    BERTH_TRY(rest_.listen(options.address, options.rest_port));
    BERTH_TRY(grpc_.listen(options.address, options.grpc_port));
    rest_.accept();
    grpc_.accept();
    for (auto& loop : loops_) {
      loop->start();
      run(loop->io);
    }
    run(shared_.aside);
    return Done{};
  }

  uint16_t rest_port() const override { return rest_.port(); }
  uint16_t grpc_port() const override { return grpc_.port(); }
  int connections() const override { return shared_.connections; }

  void set_table(RouteTable table) override {
    auto routes = std::make_shared<Routes>();
    for (const auto& [name, endpoint] : table.endpoints) {
      const auto known = routes_->states.find(name);
      auto state =
          known != routes_->states.end() ? known->second : std::make_shared<EndpointState>();
      const std::lock_guard lock(state->mutex);
      state->balancer.set(endpoint.replicas);
      state->numbers.set_promise(endpoint.slo);
      routes->states.emplace(name, state);
    }
    routes->table = std::move(table);
    {
      const std::lock_guard lock(mutex_);
      routes_ = std::move(routes);
    }
    for (auto& loop : loops_) {
      asio::post(loop->io, [loop, current = routes_] { loop->set_routes(current); });
    }
  }

  std::string metrics() const override {
    std::shared_ptr<const Routes> routes;
    {
      const std::lock_guard lock(mutex_);
      routes = routes_;
    }
    std::vector<Reading> readings;
    const Moment now = Loop::now();
    for (const auto& [name, state] : routes->states) {
      const std::lock_guard lock(state->mutex);
      readings.push_back({.endpoint = name,
                          .numbers = state->numbers,
                          .held = state->load.held(),
                          .in_flight = state->load.in_flight(),
                          .request_seconds = state->load.request_seconds(now),
                          .replicas = {state->balancer.size(Variant::Stable),
                                       state->balancer.size(Variant::Candidate)}});
    }
    return metrics_text(readings);
  }

  void drain() override {
    shared_.is_draining = true;
    for (auto& loop : loops_) asio::post(loop->io, [loop] { loop->drain(); });
  }

  void stop(Millis grace) override {
    if (threads_.empty()) return;
    shared_.is_draining = true;
    asio::post(loops_.front()->io, [this] {
      rest_.close();
      grpc_.close();
    });
    for (auto& loop : loops_) asio::post(loop->io, [loop] { loop->finish(); });
    wait_for_exchanges(grace);
    for (auto& loop : loops_) loop->io.stop();
    shared_.aside.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    // What is cancelled here still completes once, and only then lets go of its connection.
    for (auto& loop : loops_) {
      loop->io.restart();
      loop->cut();
      loop->io.poll();
    }
  }

 private:
  void run(asio::io_context& io) {
    threads_.emplace_back([&io] {
      const auto keep = asio::make_work_guard(io);
      io.run();
    });
  }

  static std::vector<std::shared_ptr<Loop>> make_loops(const ProxyOptions& options,
                                                       Shared& shared) {
    std::vector<std::shared_ptr<Loop>> loops;
    for (int i = 0; i < std::max(options.threads, 1); ++i) {
      loops.push_back(std::make_shared<Loop>(shared, options.seed + static_cast<uint64_t>(i)));
    }
    return loops;
  }

  // Until every connection is gone, and with it its last request.
  void wait_for_exchanges(Millis grace) {
    const Moment end = Loop::now() + grace;
    std::mutex nobody;
    std::condition_variable never;
    std::unique_lock lock(nobody);
    while (shared_.connections > 0 && Loop::now() < end) never.wait_for(lock, Millis{5});
  }

  Shared shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  Acceptor rest_;
  Acceptor grpc_;
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;  // guards routes_ against metrics()
  std::shared_ptr<const Routes> routes_ = std::make_shared<Routes>();
};

}  // namespace

Result<std::unique_ptr<Router>> Router::start(ProxyOptions options, Log& log) {
  auto router = std::make_unique<AsioRouter>(options, log);
  BERTH_TRY(router->listen(options));
  return std::unique_ptr<Router>(std::move(router));
}

}  // namespace berth::router
