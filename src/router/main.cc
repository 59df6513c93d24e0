#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

#include "host/entropy.h"
#include "host/env.h"
#include "host/json_log.h"
#include "host/real_clock.h"
#include "host/signals.h"
#include "http/router_stop.h"
#include "http/status_server.h"
#include "kube/config.h"
#include "kube/curl_transport.h"
#include "router/cluster.h"
#include "router/flags.h"
#include "router/proxy/router.h"

// The parts list of berth-router.
namespace berth::router {
namespace {

constexpr Millis kLongestWait{1'000};
constexpr Millis kLoopStuck{30'000};  // without a sign of life the process should be restarted
constexpr Millis kFinishGrace = std::chrono::seconds(http::kRouterFinishSeconds);
constexpr int kThreadsMost = 4;  // by default

// What the control thread last said of itself, for the threads of the status server.
struct Pulse {
  std::atomic<int64_t> last_turn_ms{0};
  std::atomic<bool> is_synced{false};
  std::atomic<bool> is_draining{false};
};

// Where tables come from: one turn of it waits at most so long.
using Turn = std::function<void(Millis longest_wait)>;

http::StatusPages pages(const Pulse& pulse, const Clock& clock, const Router& router) {
  return {
      .metrics = [&router] { return router.metrics(); },
      .live = [&pulse, &clock]() -> std::optional<std::string> {
        const Millis now = clock.monotonic().time_since_epoch();
        if (now - Millis{pulse.last_turn_ms} < kLoopStuck) return std::nullopt;
        return "the loop has not come round";
      },
      .ready = [&pulse]() -> std::optional<std::string> {
        if (pulse.is_draining) return "draining";
        if (!pulse.is_synced) return "endpoints not listed yet";
        return std::nullopt;
      },
  };
}

kube::ConfigSources sources(const Flags& flags) {
  return {.kubeconfig = flags.kubeconfig,
          .context = flags.context,
          .kubeconfig_list = host::env_or_empty("KUBECONFIG"),
          .service_host = host::env_or_empty("KUBERNETES_SERVICE_HOST"),
          .service_port = host::env_or_empty("KUBERNETES_SERVICE_PORT"),
          .home = host::env_or_empty("HOME")};
}

ProxyOptions proxy_options(const Flags& flags) {
  const int cores = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  ProxyOptions options{.address = flags.address,
                       .rest_port = flags.rest_port,
                       .grpc_port = flags.grpc_port,
                       .threads = flags.threads > 0 ? flags.threads : std::min(cores, kThreadsMost),
                       .seed = host::random_seed()};
  options.limits.request_bytes_max = static_cast<size_t>(flags.max_request_bytes);
  options.limits.held_bytes_max = static_cast<size_t>(flags.max_held_bytes);
  options.limits.hold_timeout = std::chrono::seconds(flags.hold_seconds);
  return options;
}

// Serves until asked to stop, and then drains; `turn` goes on meanwhile, since replicas do.
Status serve(const Flags& flags, Router& router, Pulse& pulse, const host::StopSignals& signals,
             const Turn& turn, host::JsonLog& log) {
  const host::RealClock clock;
  pulse.last_turn_ms = clock.monotonic().time_since_epoch().count();
  const auto status =
      BERTH_TRY(http::StatusServer::start(flags.status_listen, pages(pulse, clock, router), log));
  log.info("serving", {{"version", BERTH_VERSION},
                       {"restPort", std::to_string(router.rest_port())},
                       {"grpcPort", std::to_string(router.grpc_port())}});
  const auto go_round = [&](Millis longest_wait) {
    turn(longest_wait);
    pulse.last_turn_ms = clock.monotonic().time_since_epoch().count();
  };
  while (!signals.requested()) go_round(kLongestWait);
  pulse.is_draining = true;
  log.info("draining", {{"seconds", std::to_string(flags.drain_seconds)}});
  router.drain();
  const Monotonic end = clock.monotonic() + std::chrono::seconds(flags.drain_seconds);
  for (Monotonic now = clock.monotonic(); now < end; now = clock.monotonic()) {
    go_round(std::min(kLongestWait, end - now));
  }
  router.stop(kFinishGrace);
  log.info("stopped");
  return Done{};
}

Status serve_static(const Flags& flags, Router& router, host::JsonLog& log) {
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const host::StopSignals signals(wake);
  Pulse pulse;
  router.set_table(BERTH_TRY(static_table(flags.replicas)));
  pulse.is_synced = true;
  return serve(
      flags, router, pulse, signals,
      [wake](Millis longest_wait) {
        pollfd waiting{.fd = wake, .events = POLLIN, .revents = 0};
        poll(&waiting, 1, static_cast<int>(longest_wait.count()));
        uint64_t told = 0;
        if (read(wake, &told, sizeof told) < 0) return;  // nothing was
      },
      log);
}

Status serve_cluster(const Flags& flags, Router& router, host::JsonLog& log) {
  const host::RealClock clock;
  auto config = BERTH_TRY(kube::load_config(sources(flags)));
  const std::string name_space = flags.name_space.empty() ? config.name_space : flags.name_space;
  kube::CurlTransport transport(std::move(config), clock,
                                {.user_agent = "berth-router/" BERTH_VERSION});
  const host::StopSignals signals(transport.wake_fd());
  Pulse pulse;
  Cluster cluster(
      transport,
      {.name_space = name_space,
       .ports = {flags.replica_rest_port, flags.replica_grpc_port},
       .seed = host::random_seed()},
      [&router](RouteTable table) { router.set_table(std::move(table)); }, log);
  cluster.start();
  const Status served = serve(
      flags, router, pulse, signals,
      [&](Millis longest_wait) {
        const Monotonic now = clock.monotonic();
        const Monotonic wake = cluster.tick(now);
        pulse.is_synced = cluster.synced();
        transport.poll(std::clamp(wake - now, Millis{0}, longest_wait));
      },
      log);
  cluster.stop();
  return served;
}

Status run(const Flags& flags, host::JsonLog& log) {
  const auto router = BERTH_TRY(Router::start(proxy_options(flags), log));
  return flags.replicas.empty() ? serve_cluster(flags, *router, log)
                                : serve_static(flags, *router, log);
}

int run_main(const Flags& flags) {
  const auto level = host::parse_log_level(flags.log_level);
  host::JsonLog log(level.ok() ? *level : host::LogLevel::Info);
  const Status served = level.ok() ? run(flags, log) : Status(level.error());
  if (served.ok()) return 0;
  log.error("cannot serve", {{"error", served.error().message}});
  return 2;
}

}  // namespace
}  // namespace berth::router

int main(int argc, char** argv) {
  const auto flags = berth::router::read_flags(argc, argv);
  if (!flags.ok()) {
    std::cerr << "berth-router: " << flags.error().message << "\n";
    return 2;
  }
  return flags->is_done ? 0 : berth::router::run_main(*flags);
}
