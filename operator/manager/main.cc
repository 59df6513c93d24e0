#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "decisionlog/log.h"
#include "host/json_log.h"
#include "host/line_files.h"
#include "host/real_clock.h"
#include "host/signals.h"
#include "http/background_get.h"
#include "http/metrics.h"
#include "http/status_server.h"
#include "kube/curl_transport.h"
#include "operator/controllers/router/router_objects.h"
#include "operator/manager/flags.h"
#include "operator/manager/operator.h"
#include "operator/manager/pages.h"

// The parts list of berth-operator.
namespace berth::control {
namespace {

constexpr Millis kLongestWait{1'000};  // the loop shows a sign of life at least so often
constexpr Millis kStopGrace{5'000};    // for writes under way when asked to stop

// The /metrics pages of workers and routers. Routers have a queue of their own, so that no worker
// holds up what scaling waits for, and room for a page of a thousand endpoints.
class PodPages final : public MetricsFetcher {
 public:
  explicit PodPages(const std::function<void()>& wake)
      : workers_(wake), routers_(wake, {.page_bytes = size_t{8} << 20}) {}
  void fetch(const std::string& ip, int port, Reply reply) override {
    const std::string host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
    http::BackgroundGet& queue = port == kRouterMetricsPort ? routers_ : workers_;
    queue.get("http://" + host + ":" + std::to_string(port) + "/metrics", std::move(reply));
  }
  void deliver() {
    workers_.deliver();
    routers_.deliver();
  }

 private:
  http::BackgroundGet workers_;
  http::BackgroundGet routers_;
};

// What turns; all of it lives in start().
struct Loop {
  Operator& op;
  kube::CurlTransport& transport;
  PodPages& fetcher;
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
    fetcher.deliver();
    const Monotonic wake = op.tick();
    pages.show(op.live(), op.ready(), clock.monotonic());
    if (op.is_over()) {
      log.error("the Lease is lost", {{"reason", op.why_over()}});
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

// The decision log in its folder. Nothing where none is wanted or the folder cannot be had, which
// is no reason to decide nothing.
struct DecisionFiles {
  std::unique_ptr<host::LineFiles> files;
  std::optional<decisionlog::DecisionLog> log;

  decisionlog::DecisionLog* opened() { return log ? &*log : nullptr; }
};

void open_decisions(const Flags& flags, http::Metrics& metrics, Log& log,
                    DecisionFiles& decisions) {
  if (flags.decision_log.empty()) return;
  const auto fail = [&metrics, &log](const Error& error) {
    metrics.add("berth_decision_log_errors_total");
    metrics.set("berth_decision_log_lost", {}, 1);
    log.error("the decision log has ended", {{"error", error.message}});
  };
  auto files =
      host::LineFiles::open({.folder = flags.decision_log, .most_files = flags.decision_log_files});
  if (!files) return fail(files.error());
  decisions.files = *std::move(files);
  host::LineFiles& to = *decisions.files;
  decisions.log.emplace(
      decisionlog::LogFiles{.append = [&to](std::string_view line) { return to.append(line); },
                            .begin = [&to](int64_t file) { return to.begin(file); },
                            .next_file = to.next_file()},
      decisionlog::DecisionLog::Options{.program = "berth-operator " BERTH_VERSION,
                                        .file_bytes = flags.decision_log_file_mib << 20});
  decisions.log->on_error = fail;
  decisions.log->on_line = [&metrics](size_t bytes) {
    metrics.add("berth_decision_log_bytes_total", {}, static_cast<double>(bytes));
    metrics.set("berth_decision_log_lost", {}, 0);
  };
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
  PodPages fetcher([&transport] { transport.wake(); });
  DecisionFiles decisions;
  open_decisions(flags, metrics, log, decisions);
  Observers watching = observers(metrics);
  watching.decision_log = decisions.opened();
  Operator op(transport, clock, flags.settings, log, watching, &fetcher);
  log.info("started", {{"version", BERTH_VERSION}, {"identity", flags.settings.identity}});
  return Loop{op, transport, fetcher, signals, clock, pages, log}.run();
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
