#include "worker/status_server.h"

#include <httplib.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

namespace berth::worker {
namespace {

constexpr size_t kThreads = 2;  // one slow reader must not hide the worker from the operator
constexpr time_t kPatienceSeconds = 2;

void set_limits(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_payload_max_length(0);
  server.set_read_timeout(kPatienceSeconds);
  server.set_write_timeout(kPatienceSeconds);
  server.set_keep_alive_max_count(1);  // an idle connection would hold one of two threads
  server.set_socket_options([](socket_t socket) {
    // The library's own choice, SO_REUSEPORT, would let two workers share a port in silence.
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
}

// IPv6 sockets take IPv4 as well; hosts without IPv6 get the second. Gives the port, or -1.
int bind_somewhere(httplib::Server& server, int port) {
  for (const char* address : {"::", "0.0.0.0"}) {
    if (port == 0) {
      const int taken = server.bind_to_any_port(address);
      if (taken > 0) return taken;
    } else if (server.bind_to_port(address, port)) {
      return port;
    }
  }
  return -1;
}

}  // namespace

struct StatusServer::Running {
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> ended = false;
  uint16_t port = 0;

  ~Running() {
    server.stop();
    if (thread.joinable()) thread.join();
  }
};

StatusServer::StatusServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}
StatusServer::~StatusServer() = default;
StatusServer::StatusServer(StatusServer&&) noexcept = default;
uint16_t StatusServer::port() const { return running_->port; }

Result<StatusServer> StatusServer::start(uint16_t port, const Progress& progress) {
  auto running = std::make_unique<Running>();
  httplib::Server& server = running->server;
  set_limits(server);
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", "text/plain");
  });
  server.Get("/metrics", [&progress](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics_text(progress.values()), "text/plain; version=0.0.4");
  });
  const int bound = bind_somewhere(server, port);
  if (bound < 0) {
    return Error{Code::Unavailable, "listen on port " + std::to_string(port) + ": refused"};
  }
  running->port = static_cast<uint16_t>(bound);
  running->thread = std::thread([&server, &ended = running->ended] {
    server.listen_after_bind();
    ended = true;
  });
  // A stop() before the server runs would be forgotten.
  while (!server.is_running() && !running->ended) std::this_thread::yield();
  return StatusServer(std::move(running));
}

}  // namespace berth::worker
