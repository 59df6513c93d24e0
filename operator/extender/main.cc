#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>

#include "host/entropy.h"
#include "host/env.h"
#include "host/json_log.h"
#include "host/real_clock.h"
#include "host/short_slices.h"
#include "host/signals.h"
#include "http/metrics.h"
#include "http/status_server.h"
#include "http/tls_server.h"
#include "kube/config.h"
#include "kube/curl_transport.h"
#include "operator/extender/binder.h"
#include "operator/extender/caches.h"
#include "operator/extender/certs.h"
#include "operator/extender/flags.h"
#include "operator/extender/service.h"

// The parts list of berth-extender.
namespace berth::extender {
namespace {

constexpr Millis kLongestWait{1'000};  // the loop shows a sign of life at least so often
constexpr Millis kLoopStuck{15'000};   // without one for so long the process should be restarted
constexpr Millis kStopGrace{5'000};    // for binds under way when asked to stop
constexpr size_t kBindsMost = 256;     // at a time
constexpr size_t kReadsMost = 64;      // live ones, beside them

// What the loop last said of itself, for the threads of the status server.
struct Pulse {
  std::atomic<int64_t> last_turn_ms{0};
  std::atomic<bool> is_synced{false};
};

http::StatusPages pages(const Pulse& pulse, const Clock& clock, http::Metrics& metrics) {
  return {
      .metrics = [&metrics] { return metrics.text(); },
      .live = [&pulse, &clock]() -> std::optional<std::string> {
        const Millis now = clock.monotonic().time_since_epoch();
        if (now - Millis{pulse.last_turn_ms} < kLoopStuck) return std::nullopt;
        return "the loop has not come round";
      },
      .ready = [&pulse]() -> std::optional<std::string> {
        if (pulse.is_synced) return std::nullopt;
        return "cache not synced";
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

// The one thread that talks to the API server.
class Loop {
 public:
  Loop(kube::CurlTransport& transport, Caches& caches, Mailbox& mailbox, const Clock& clock,
       Pulse& pulse)
      : transport_(transport), caches_(caches), mailbox_(mailbox), clock_(clock), pulse_(pulse) {}

  void turn(Millis longest_wait) {
    mailbox_.deliver();
    const Monotonic now = clock_.monotonic();
    const Monotonic wake = caches_.tick(now);
    pulse_.is_synced = caches_.synced();
    pulse_.last_turn_ms = now.time_since_epoch().count();
    transport_.poll(std::clamp(wake - now, Millis{0}, longest_wait));
  }

 private:
  kube::CurlTransport& transport_;
  Caches& caches_;
  Mailbox& mailbox_;
  const Clock& clock_;
  Pulse& pulse_;
};

void show(const http::TlsServer& server, const Pulse& pulse, http::Metrics& metrics) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  const auto expiry = duration_cast<seconds>(server.certificate_expiry().time_since_epoch());
  metrics.set("berth_extender_connections", {}, server.connections());
  metrics.set("berth_extender_synced", {}, pulse.is_synced ? 1 : 0);
  metrics.set("berth_tls_certificate_expiry_timestamp_seconds", {},
              static_cast<double>(expiry.count()));
}

// Errors: what kept it from serving.
Status serve(const Flags& flags, host::JsonLog& log) {
  host::prefer_short_slices();  // kube-scheduler decides about one pod at a time and waits
  const host::RealClock clock;
  const auto listen = BERTH_TRY(parse_listen(flags.listen));
  auto config = BERTH_TRY(kube::load_config(sources(flags)));
  kube::CurlTransport transport(
      std::move(config), clock,
      {.user_agent = "berth-extender/" BERTH_VERSION, .max_in_flight = kBindsMost + kReadsMost});
  const host::StopSignals signals(transport.wake_fd());

  const translate::Accelerators accelerators{flags.accelerator_resources};
  http::Metrics metrics;
  Pulse pulse;
  pulse.last_turn_ms = clock.monotonic().time_since_epoch().count();
  SharedView view;
  Caches caches(transport, accelerators, view, log, host::random_seed());
  Binder binder(transport, caches, view, metrics, log);
  Mailbox mailbox([&transport] { transport.wake(); });
  Service service({.accelerators = accelerators,
                   .client_name = flags.client_ca.empty() ? std::string() : flags.client_name,
                   .bind = flags.bind,
                   .binds_most = kBindsMost,
                   .stopwatch = [] { return std::chrono::steady_clock::now().time_since_epoch(); }},
                  view, binder, mailbox, metrics);

  const auto status =
      BERTH_TRY(http::StatusServer::start(flags.health_listen, pages(pulse, clock, metrics), log));
  const auto server = BERTH_TRY(http::TlsServer::start(
      {.address = listen.address,
       .port = listen.port,
       .tls = {flags.tls_cert, flags.tls_key, flags.client_ca}},
      [&service](const http::Request& request, const http::Peer& peer,
                 const http::Respond& respond) { service.handle(request, peer, respond); },
      log));
  log.info("serving", {{"version", BERTH_VERSION}, {"listen", flags.listen}});

  Loop loop(transport, caches, mailbox, clock, pulse);
  caches.start();
  while (!signals.requested()) {
    loop.turn(kLongestWait);
    show(*server, pulse, metrics);
  }
  log.info("stopping");
  caches.stop();
  // The loop goes on while the server waits for the answers that only the loop can give.
  const Monotonic deadline = clock.monotonic() + kStopGrace;
  while (transport.open_count() > 0 && clock.monotonic() < deadline) loop.turn(Millis{50});
  server->stop(Millis{200});
  return Done{};
}

int make_certs(const Flags& flags, host::JsonLog& log) {
  const auto outcome = ensure_certificates(flags.dir, host::RealClock().now());
  if (!outcome.ok()) {
    log.error("no certificates", {{"error", outcome.error().message}});
    return 2;
  }
  static constexpr const char* kOutcomes[] = {"kept", "leaves renewed", "all made anew"};
  log.info("certificates",
           {{"dir", flags.dir}, {"outcome", kOutcomes[static_cast<int>(*outcome)]}});
  return 0;
}

int run(const Flags& flags) {
  const auto level = host::parse_log_level(flags.log_level);
  host::JsonLog log(level.ok() ? *level : host::LogLevel::Info);
  if (flags.command == Command::Certs) return make_certs(flags, log);
  const Status served = level.ok() ? serve(flags, log) : Status(level.error());
  if (served.ok()) return 0;
  log.error("cannot serve", {{"error", served.error().message}});
  return 2;
}

}  // namespace
}  // namespace berth::extender

int main(int argc, char** argv) {
  const auto flags = berth::extender::read_flags(argc, argv);
  if (!flags.ok()) {
    std::cerr << "berth-extender: " << flags.error().message << "\n";
    return 2;
  }
  return flags->command == berth::extender::Command::None ? 0 : berth::extender::run(*flags);
}
