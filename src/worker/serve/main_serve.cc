// berth-server: one model behind the Open Inference Protocol. Composition root: flags in, exit
// code out.
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "host/json_log.h"
#include "http/plain_server.h"
#include "serving/rest_service.h"
#include "worker/contract.h"
#include "worker/serve/grpc_server.h"
#include "worker/serve/model_file.h"
#include "worker/serve/offline.h"
#include "worker/serve/serve_flags.h"
#include "worker/serve/torch_model.h"
#include "worker/status_server.h"
#include "worker/stop_request.h"
#include "worker/termination.h"

namespace {

using namespace berth;
using namespace berth::worker;

// For the signal handler. A second SIGTERM changes nothing: kubelet repeats it.
StopRequest* stop_request = nullptr;

void install_stop(StopRequest& stop) {
  stop_request = &stop;
  struct sigaction action {};
  action.sa_handler = [](int) { stop_request->request(); };
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error of that write
}

constexpr Millis kLong{3'600'000};
constexpr Millis kLook{50};

// Everything of one server, in the order in which it comes into being.
struct Server {
  const ServeSettings& settings;
  const StopRequest& stop;
  Log& log;

  serving::ServingMetricsTable table{settings.slo_milliseconds};
  http::Metrics metrics{table.rows()};
  serving::Endpoint endpoint{{.model = {settings.name, settings.version},
                              .request_timeout = Millis(settings.request_timeout_milliseconds),
                              .memory_bytes = static_cast<size_t>(settings.memory_bytes)},
                             metrics};
  serving::RestService rest{endpoint};
  std::unique_ptr<http::Server> http{};
  std::unique_ptr<GrpcServer> grpc{};
  std::unique_ptr<serving::Dispatcher> dispatcher{};
  std::string sha256{};  // of the model
  LastWord word{};

  Result<Exit> operator()();

 private:
  Status listen();
  Status listen_http();
  Status listen_grpc();
  Result<TorchModel> load_model();
  Status load();
  std::shared_future<Status> load_aside();
  void drain();
  Result<Exit> serve();
  Result<Exit> answer_files();
};

// A host without IPv6 has no "::".
std::vector<std::string> addresses(const std::string& address) {
  if (address == "::") return {"::", "0.0.0.0"};
  return {address};
}

Status Server::listen_http() {
  const Millis timeout(settings.request_timeout_milliseconds);
  http::PlainServerOptions options{.port = settings.http_port};
  options.limits = {.body_bytes_max = static_cast<size_t>(settings.max_request_bytes),
                    .connections_max = 4096,
                    .all_bodies_bytes_max = static_cast<size_t>(settings.memory_bytes),
                    .body_timeout = std::max(timeout, Millis{5'000}),
                    // What waits is refused at its deadline; this is for what is being computed.
                    .handler_timeout = timeout + Millis{60'000}};
  options.threads = settings.http_threads;
  options.bodies = endpoint.held_bytes();
  options.incoming = endpoint.incoming();
  options.refusal = serving::RestService::refusal;
  Status status = Done{};
  for (const std::string& address : addresses(settings.address)) {
    options.address = address;
    auto started = http::PlainServer::start(
        options,
        [this](const http::Request& request, const http::Peer&, http::Respond respond) {
          rest.handle(request, std::move(respond));
        },
        log);
    if (started.ok()) {
      http = std::move(*started);
      return Done{};
    }
    status = started.error();
  }
  return status;
}

Status Server::listen_grpc() {
  GrpcOptions options{.port = settings.grpc_port,
                      .request_bytes_max = static_cast<size_t>(settings.max_request_bytes)};
  Status status = Done{};
  for (const std::string& address : addresses(settings.address)) {
    options.address = address;
    auto started = GrpcServer::start(options, endpoint);
    if (started.ok()) {
      grpc = std::move(*started);
      return Done{};
    }
    status = started.error();
  }
  return status;
}

// Before the model is there: who asks meanwhile learns that it is alive and not ready.
Status Server::listen() {
  BERTH_TRY(listen_http());
  BERTH_TRY(listen_grpc());
  log.info("listening", {{"httpPort", std::to_string(http->port())},
                         {"grpcPort", std::to_string(grpc->port())}});
  return Done{};
}

class Phases {
 public:
  Phases(http::Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}
  void end(std::string_view phase) {
    const auto now = serving::now_micros();
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    metrics_.set("berth_inference_start_seconds", {phase}, seconds);
    log_.info("start phase done",
              {{"phase", std::string(phase)}, {"seconds", std::to_string(seconds)}});
    begun_ = now;
  }

 private:
  http::Metrics& metrics_;
  Log& log_;
  serving::MicroTime begun_ = serving::now_micros();
};

Result<std::optional<serving::Signature>> given_signature(const std::filesystem::path& path) {
  if (path.empty()) return std::optional<serving::Signature>();
  const Bytes text = BERTH_TRY(read_file(path));
  auto signature = BERTH_TRY(
      serving::parse_signature({reinterpret_cast<const char*>(text.data()), text.size()}));
  return std::optional(std::move(signature));
}

Result<TorchModel> Server::load_model() {
  Phases phases(metrics, log);
  TorchOptions options{.devices = settings.devices,
                       .threads = settings.threads,
                       .as_scripted = settings.as_scripted};
  options.signature = BERTH_TRY(given_signature(settings.signature));
  auto file = BERTH_TRY(read_model(settings.model, settings.sha256));
  if (settings.sha256.empty()) {
    log.warn("the model's digest was not checked: no --sha256", {{"sha256", file.sha256}});
  }
  phases.end("read");
  auto model = BERTH_TRY(TorchModel::load(file.bytes, options));
  sha256 = file.sha256;
  file.bytes = {};
  if (settings.devices.front() == DeviceChoice::Cuda && model.device() == "cpu") {
    log.warn("no CUDA device is visible: computing on the CPU, as --devices allows");
  }
  if (!model.as_scripted_because().empty()) {
    log.info("the model is computed as it was scripted", {{"why", model.as_scripted_because()}});
  }
  phases.end("load");
  BERTH_TRY(warm_up(model, settings.max_batch_size));
  phases.end("warm");
  return model;
}

Status Server::load() {
  const auto model = BERTH_TRY(load_model());
  std::vector<std::unique_ptr<serving::Instance>> instances;
  for (int i = 0; i < settings.instances; ++i) instances.push_back(model.make_instance());
  dispatcher = std::make_unique<serving::Dispatcher>(
      serving::BatchRules{.rows_max = settings.max_batch_size,
                          .delay_max = serving::Micros(settings.max_batch_delay_microseconds),
                          .waiting_max = static_cast<size_t>(settings.max_queued_requests)},
      std::move(instances), endpoint);
  endpoint.load({.signature = model.signature(),
                 .device = model.device(),
                 .sha256 = sha256,
                 .dispatcher = dispatcher.get()});
  if (!endpoint.lifecycle().become_ready()) return Done{};
  grpc->show_ready(true);
  log.info("ready", {{"model", settings.name},
                     {"version", settings.version},
                     {"device", model.device()},
                     {"sha256", sha256},
                     {"instances", std::to_string(settings.instances)},
                     {"threads", std::to_string(settings.threads)}});
  return Done{};
}

// Not ready at once, but whoever has not heard of it is answered for a while; then no more is
// taken, and what is in hand is finished.
void Server::drain() {
  endpoint.lifecycle().drain();
  grpc->show_ready(false);
  log.info("draining", {{"seconds", std::to_string(settings.drain.count())},
                        {"inFlight", std::to_string(endpoint.in_flight())}});
  const StopRequest nobody;
  const auto end = serving::now_micros() + settings.drain;
  for (auto now = serving::now_micros(); now < end; now = serving::now_micros()) {
    nobody.wait_for(std::chrono::ceil<Millis>(end - now));  // a signal ends it early
  }
  const Millis grace = Millis(settings.request_timeout_milliseconds) + Millis{5'000};
  http->stop(grace);
  grpc->stop(grace);
  if (dispatcher) dispatcher->stop();
}

Result<Exit> Server::operator()() {
  return settings.batch_input.empty() ? serve() : answer_files();
}

// As a GpuJob's worker: its share of the files by rank, progress on BERTH_PORT.
Result<Exit> Server::answer_files() {
  const auto contract =
      BERTH_TRY(read_contract([](const char* name) { return std::getenv(name); }));
  Progress progress;
  std::optional<StatusServer> status;
  if (contract.port) status.emplace(BERTH_TRY(StatusServer::start(*contract.port, progress)));
  const auto model = BERTH_TRY(load_model());
  const auto instance = model.make_instance();
  auto ended = run_offline({.input = settings.batch_input,
                            .output = settings.batch_output,
                            .rows_max = settings.max_batch_size,
                            .rank = contract.rank,
                            .world_size = contract.world_size},
                           {.model = {settings.name, settings.version},
                            .signature = model.signature(),
                            .instance = *instance,
                            .stop = stop,
                            .progress = progress,
                            .log = log});
  word.step = progress.values().step;
  return ended;
}

// On a thread that nobody waits for.
std::shared_future<Status> Server::load_aside() {
  std::promise<Status> promise;
  auto loaded = promise.get_future().share();
  std::thread([this, promise = std::move(promise)]() mutable {
    promise.set_value(load());
  }).detach();
  return loaded;
}

bool is_over(const std::shared_future<Status>& work) {
  return work.wait_for(Millis{0}) == std::future_status::ready;
}

Result<Exit> Server::serve() {
  BERTH_TRY(listen());
  const auto loaded = load_aside();
  while (!is_over(loaded) && !stop.requested()) stop.wait_for(kLook);
  // libtorch cannot be interrupted: the process ends around it, unless somebody may wait already.
  if (!is_over(loaded) && !endpoint.lifecycle().drain()) return Exit::Done;
  BERTH_TRY(loaded.get());
  while (!stop.requested()) stop.wait_for(kLong);
  drain();
  return Exit::Done;
}

Exit run_main(int argc, char** argv) {
  StopRequest stop;
  install_stop(stop);
  const auto flags = parse_serve_flags(argc, argv);
  if (!flags.ok()) {
    std::fprintf(stderr, "berth-server: %s\n", flags.error().message.c_str());
    LastWord word;
    word.error = flags.error().message;
    (void)write_termination_log(termination_log_in(argc, argv), word);
    return exit_for(flags.error());
  }
  if (!flags->help.empty()) {
    std::cout << flags->help;
    return Exit::Done;
  }
  host::JsonLog log(host::LogLevel::Info, std::make_shared<spdlog::sinks::stdout_sink_mt>());
  Server server{flags->settings, stop, log};
  const Result<Exit> ended = server();
  const Exit exit = ended.ok() ? *ended : exit_for(ended.error());
  if (!ended.ok()) {
    server.word.error = ended.error().message;
    log.error("failed", {{"error", server.word.error}});
  }
  (void)write_termination_log(flags->settings.termination_log, server.word);
  log.info("ends", {{"exit", std::to_string(static_cast<int>(exit))}});
  std::cout.flush();
  std::fflush(stdout);
  // Not by return: a model that hangs has a thread that nothing can wait for.
  std::_Exit(static_cast<int>(exit));
}

}  // namespace

int main(int argc, char** argv) { return static_cast<int>(run_main(argc, argv)); }
