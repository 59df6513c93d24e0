#include "http/tls_server.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "http/plain_server.h"
#include "http/tls_worker.h"

namespace berth::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Accepting and certificate reloading happen on the first worker's thread, so what they touch
// needs no lock.
class BeastServer final : public TlsServer {
 public:
  BeastServer(TlsServerOptions options, Refusal refusal, BodyRoom::Sum bodies,
              Incoming::Sum incoming, Handler handler, Log& log)
      : options_(std::move(options)),
        shape_{.limits = options_.limits,
               .handler = std::move(handler),
               .log = log,
               .refusal = refusal,
               .bodies = std::move(bodies),
               .incoming = std::move(incoming)},
        workers_(make_workers(options_.threads, shape_)),
        acceptor_(workers_.front()->io),
        accept_again_(workers_.front()->io),
        reload_(workers_.front()->io) {}

  ~BeastServer() override { stop(Millis{0}); }

  // Without an identity, without TLS.
  Status listen(std::shared_ptr<TlsIdentity> identity) {
    if (identity) use(std::move(identity));
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) return Error{Code::Invalid, "'" + options_.address + "' is no numeric address"};
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) {
      return Error{Code::Unavailable, "listen on " + options_.address + ":" +
                                          std::to_string(options_.port) + ": " + error.message()};
    }
    accept();
    if (identity_) watch_files();
    for (auto& worker : workers_) {
      threads_.emplace_back([worker] {
        const auto keep = asio::make_work_guard(worker->io);
        worker->io.run();
      });
    }
    return Done{};
  }

  uint16_t port() const override { return port_; }
  int connections() const override { return shape_.connections; }
  Instant certificate_expiry() const override { return Instant{Millis{expiry_ms_}}; }

  void stop(Millis grace) override {
    if (threads_.empty()) return;
    asio::post(workers_.front()->io, [this] {
      error_code ignored;
      accept_the_rest();
      acceptor_.close(ignored);
      accept_again_.cancel();
      reload_.cancel();
    });
    for (auto& worker : workers_) asio::post(worker->io, [worker] { worker->drain(); });
    wait_until_drained(grace);
    for (auto& worker : workers_) worker->io.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    // What is cancelled here still completes once, and only then lets go of its connection.
    for (auto& worker : workers_) {
      worker->io.restart();
      worker->cut();
      worker->io.poll();
    }
  }

 private:
  static std::vector<std::shared_ptr<Worker>> make_workers(int count, ServerShape& shape) {
    std::vector<std::shared_ptr<Worker>> workers;
    for (int i = 0; i < std::max(count, 1); ++i) workers.push_back(std::make_shared<Worker>(shape));
    return workers;
  }

  void accept() {
    auto& worker = workers_[next_worker_++ % workers_.size()];
    acceptor_.async_accept(worker->io, [this, worker](error_code error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (error) return accept_later();  // most likely no file descriptors: do not spin
      if (shape_.connections >= shape_.limits.connections_max) return accept();
      adopt(worker, std::move(socket));
      accept();
    });
  }

  // Who has connected and not been accepted yet would be reset.
  void accept_the_rest() {
    error_code error;
    acceptor_.non_blocking(true, error);
    while (!error && shape_.connections < shape_.limits.connections_max) {
      auto& worker = workers_[next_worker_++ % workers_.size()];
      tcp::socket socket(worker->io);
      acceptor_.accept(socket, error);
      if (!error) adopt(worker, std::move(socket));
    }
  }

  void adopt(const std::shared_ptr<Worker>& worker, tcp::socket socket) {
    ++shape_.connections;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    asio::dispatch(worker->io,
                   [worker, identity = identity_, adopted = std::move(socket)]() mutable {
                     worker->adopt(std::move(adopted), std::move(identity));
                   });
  }

  void accept_later() {
    accept_again_.expires_after(kTick);
    accept_again_.async_wait([this](error_code error) {
      if (!error && acceptor_.is_open()) accept();
    });
  }

  void use(std::shared_ptr<TlsIdentity> identity) {
    expiry_ms_ = identity->expiry.time_since_epoch().count();
    identity_ = std::move(identity);
  }

  void watch_files() {
    reload_.expires_after(options_.reload_interval);
    reload_.async_wait([this](error_code error) {
      if (error || !acceptor_.is_open()) return;
      reload();
      watch_files();
    });
  }

  void reload() {
    auto material = read_material(options_.tls);
    if (material.ok() && *material == identity_->material) return;
    auto identity = material.ok() ? make_identity(std::move(*material))
                                  : Result<std::shared_ptr<TlsIdentity>>(material.error());
    if (!identity.ok()) {
      shape_.log.warn("certificate files changed but cannot be used, keeping those in use",
                      {{"error", identity.error().message}});
      return;
    }
    use(std::move(*identity));
    for (auto& worker : workers_) {
      asio::post(worker->io, [worker, current = identity_] { worker->drain_strangers(*current); });
    }
    shape_.log.info("certificate files changed, new connections use them");
  }

  void wait_until_drained(Millis grace) {
    std::unique_lock lock(shape_.draining);
    shape_.drained.wait_for(lock, grace, [this] { return shape_.connections == 0; });
  }

  const TlsServerOptions options_;
  ServerShape shape_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::shared_ptr<TlsIdentity> identity_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_again_;
  asio::steady_timer reload_;
  std::vector<std::thread> threads_;
  size_t next_worker_ = 0;
  uint16_t port_ = 0;
  std::atomic<int64_t> expiry_ms_{0};
};

Status check(const TlsServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return Error{Code::Invalid, "'" + options.address + "' is no numeric address"};
  if (!address.is_loopback() && options.tls.client_ca.empty()) {
    return Error{Code::Invalid, "refusing to listen on " + options.address +
                                    " without a client CA: anybody could call it"};
  }
  return Done{};
}

BodyRoom::Sum no_bodies() { return std::make_shared<std::atomic<size_t>>(0); }
Incoming::Sum nothing_incoming() { return std::make_shared<std::atomic<int64_t>>(0); }

}  // namespace

Response text_response(int status, std::string_view line) {
  return {status, std::string(line) + "\n", "text/plain; charset=utf-8"};
}

Result<std::unique_ptr<TlsServer>> TlsServer::start(TlsServerOptions options, Handler handler,
                                                    Log& log) {
  BERTH_TRY(check(options));
  auto material = BERTH_TRY(read_material(options.tls));
  auto identity = BERTH_TRY(make_identity(std::move(material)));
  auto server = std::make_unique<BeastServer>(std::move(options), text_response, no_bodies(),
                                              nothing_incoming(), std::move(handler), log);
  BERTH_TRY(server->listen(std::move(identity)));
  return std::unique_ptr<TlsServer>(std::move(server));
}

Result<std::unique_ptr<Server>> PlainServer::start(PlainServerOptions options, Handler handler,
                                                   Log& log) {
  auto bodies = options.bodies ? std::move(options.bodies) : no_bodies();
  auto incoming = options.incoming ? std::move(options.incoming) : nothing_incoming();
  TlsServerOptions same{.address = std::move(options.address),
                        .port = options.port,
                        .tls = {},
                        .limits = options.limits,
                        .threads = options.threads};
  auto server = std::make_unique<BeastServer>(std::move(same), options.refusal, std::move(bodies),
                                              std::move(incoming), std::move(handler), log);
  BERTH_TRY(server->listen(nullptr));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace berth::http
