#include <algorithm>
#include <iostream>

#include "host/json_log.h"
#include "host/real_clock.h"
#include "host/signals.h"
#include "http/background_get.h"
#include "http/metrics.h"
#include "http/status_server.h"
#include "kube/curl_transport.h"
#include "operator/manager/flags.h"
#include "operator/manager/operator.h"
#include "operator/manager/pages.h"

// The parts list of berth-operator.
namespace berth::control {
namespace {

constexpr Millis kLongestWait{1'000};  // the loop shows a sign of life at least so often
constexpr Millis kStopGrace{5'000};    // for writes under way when asked to stop

// The /metrics page that the worker contract has on BERTH_PORT.
class WorkerPages final : public MetricsFetcher {
 public:
  explicit WorkerPages(http::BackgroundGet& background) : background_(background) {}
  void fetch(const std::string& ip, Reply reply) override {
    const std::string host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
    background_.get("http://" + host + ":8080/metrics", std::move(reply));
  }

 private:
  http::BackgroundGet& background_;
};

// What turns; all of it lives in start().
struct Loop {
  Operator& op;
  kube::CurlTransport& transport;
  http::BackgroundGet& background;
  const host::StopSignals& signals;
  const Clock& clock;
  Pages& pages;
  Log& log;

  int run();

 private:
  void stop();
};

// Drives the operator until it is told to stop or has lost the Lease; returns the exit status.
int Loop::run() {
  while (!signals.requested()) {
    background.deliver();
    const Monotonic wake = op.tick();
    pages.show(op.live(), op.ready(), clock.monotonic());
    if (op.is_over()) {
      log.error("the Lease is lost: another operator leads");
      return 1;
    }
    transport.poll(std::clamp(wake - clock.monotonic(), Millis{0}, kLongestWait));
  }
  log.info("stopping");
  stop();
  return 0;
}

// Waits for the writes in flight, then gives the Lease up, so that another need not wait for it.
void Loop::stop() {
  op.stop();
  const Monotonic deadline = clock.monotonic() + kStopGrace;
  while (!op.is_idle() && clock.monotonic() < deadline) transport.poll(Millis{50});
  op.release();
  while (!op.is_over() && clock.monotonic() < deadline) {
    op.tick();
    transport.poll(Millis{50});
  }
}

int start(const Flags& flags) {
  host::JsonLog log(flags.log_level);
  const host::RealClock clock;
  auto config = kube::load_config(flags.sources);
  if (!config) {
    log.error("no cluster", {{"error", config.error().message}});
    return 2;
  }
  http::Metrics metrics;
  Pages pages(clock);
  auto server = http::StatusServer::start(flags.listen, pages.served(metrics), log);
  if (!server) {
    log.error("cannot serve", {{"error", server.error().message}});
    return 2;
  }
  kube::CurlTransport transport(*std::move(config), clock,
                                {.user_agent = "berth-operator/" BERTH_VERSION});
  const host::StopSignals signals(transport.wake_fd());
  http::BackgroundGet background([&transport] { transport.wake(); });
  WorkerPages fetcher(background);
  Operator op(transport, clock, flags.settings, log, observers(metrics), &fetcher);
  log.info("started", {{"version", BERTH_VERSION}, {"identity", flags.settings.identity}});
  return Loop{op, transport, background, signals, clock, pages, log}.run();
}

}  // namespace
}  // namespace berth::control

int main(int argc, char** argv) {
  const auto flags = berth::control::read_flags(argc, argv);
  if (!flags) {
    std::cerr << "berth-operator: " << flags.error().message << "\n";
    return 2;
  }
  return flags->is_done ? 0 : berth::control::start(*flags);
}
