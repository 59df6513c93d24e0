// berth-trainer: one worker of a training gang. Composition root: environment and flags in, exit
// code and last word out.
#include <spdlog/sinks/stdout_sinks.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

#include "host/json_log.h"
#include "host/real_clock.h"
#include "worker/contract.h"
#include "worker/flags.h"
#include "worker/status_server.h"
#include "worker/train/train_loop.h"

namespace {

using namespace berth;
using namespace berth::worker;

// For the signal handler. Not host::StopSignals, which takes a second SIGTERM as "at once": kubelet
// repeats it when a grace period is shortened, and a checkpoint under way must not be lost to that.
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

// What must be in place before CUDA and NCCL are first used; the user's own setting wins.
void prepare_cuda_environment() {
  constexpr int kKeep = 0;
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", kKeep);  // sums in a fixed order
  setenv("NCCL_BLOCKING_WAIT", "1", kKeep);             // a dead peer ends the wait: libtorch 1
  setenv("TORCH_NCCL_BLOCKING_WAIT", "1", kKeep);       // and 2
}

// Everything of one run, in the order in which it comes into being.
struct Run {
  const TrainSettings& settings;
  const Contract& contract;
  const StopRequest& stop;
  const Clock& clock;
  Log& log;
  Progress progress{};
  LastWord word{};

  Result<Exit> operator()();

 private:
  Result<std::optional<StatusServer>> serve_status();
  Result<Bytes> resume(const CheckpointStore& store, const Manifest& manifest);
};

Result<std::optional<StatusServer>> Run::serve_status() {
  if (!contract.port) return std::optional<StatusServer>();
  StatusServer server = BERTH_TRY(StatusServer::start(*contract.port, progress));
  log.info("serving /metrics and /healthz", {{"port", std::to_string(server.port())}});
  return std::optional<StatusServer>(std::move(server));
}

// The newest good state of this job, or nothing when there is none yet.
Result<Bytes> Run::resume(const CheckpointStore& store, const Manifest& manifest) {
  Found found = BERTH_TRY(store.newest_good());
  for (const std::string& why : found.skipped) {
    log.warn("damaged checkpoint skipped", {{"checkpoint", why}});
  }
  if (!found.checkpoint) return Bytes();
  const Manifest& saved = found.checkpoint->manifest;
  BERTH_TRY(check_same_run(saved.run, manifest.run));
  if (saved.world_size != manifest.world_size) {
    log.warn(
        "the gang's size has changed: the last bits of the weights will differ",
        {{"was", std::to_string(saved.world_size)}, {"is", std::to_string(manifest.world_size)}});
  }
  log.info("resuming",
           {{"uri", found.checkpoint->published.uri}, {"step", std::to_string(saved.step)}});
  word.step = saved.step;
  word.checkpoint = found.checkpoint->published;
  return std::move(found.checkpoint->state);
}

Result<Exit> Run::operator()() {
  const auto server = BERTH_TRY(serve_status());
  const Split data = BERTH_TRY(read_split(settings.data));
  const auto learner = BERTH_TRY(make_learner(settings, data.train));
  if (settings.device == DeviceChoice::Auto && !learner->on_cuda()) {
    log.info("no CUDA device is visible: training on the CPU");
  }

  // Before meeting the others: what is wrong with the checkpoints is then rank 0's failure alone
  // and not everybody's lost connection.
  std::optional<Saver> saver;
  Bytes resumed;
  if (contract.rank == 0 && contract.checkpoint_dir) {
    const Manifest manifest = manifest_of(settings, contract, data);
    CheckpointStore store =
        BERTH_TRY(CheckpointStore::claim(*contract.checkpoint_dir, contract.attempt));
    resumed = BERTH_TRY(resume(store, manifest));
    const Saver::Rules rules{
        .interval = settings.checkpoint_interval.value_or(contract.checkpoint_interval),
        .timeout = settings.checkpoint_timeout};
    saver.emplace(std::move(store), manifest, rules, progress, clock, log);
  }

  const auto gang =
      BERTH_TRY(join_gang(contract, {settings.rendezvous_timeout, settings.peer_timeout},
                          learner->on_cuda(), stop, clock));
  const TrainParts parts{.settings = settings,
                         .contract = contract,
                         .data = data,
                         .learner = *learner,
                         .gang = *gang,
                         .saver = saver ? &*saver : nullptr,
                         .progress = progress,
                         .stop = stop,
                         .clock = clock,
                         .log = log};
  auto exit = train(parts, std::move(resumed), word);
  if (saver && saver->newest()) word.checkpoint = saver->newest();
  return exit;
}

// Runs and says how it went: the log for people, the last word for the launcher.
Exit run_and_report(Run& run) {
  Result<Exit> ended = [&]() -> Result<Exit> {
    try {
      return run();
    } catch (const std::exception& failure) {
      return Error{Code::Internal, std::string("unexpected: ") + failure.what()};
    }
  }();
  // Expired: stopped before the first step, so nothing is lost.
  if (!ended.ok() && ended.error().code == Code::Expired) {
    run.log.info("stopped before training began");
    ended = Exit::Checkpointed;
  }
  if (!ended.ok()) {
    run.word.error = ended.error().message;
    run.log.error("failed", {{"error", run.word.error}});
  }
  const Exit exit = ended.ok() ? *ended : exit_for(ended.error());
  const Status written = write_termination_log(run.settings.termination_log, run.word);
  if (!written.ok()) {
    run.log.info("no termination message left", {{"why", written.error().message}});
  }
  run.log.info("ends", {{"exit", std::to_string(static_cast<int>(exit))}});
  return exit;
}

// For what is wrong before there is a run: one line, also where kubelet reads it.
Exit refuse(const Error& error, const std::filesystem::path& termination_log) {
  std::fprintf(stderr, "berth-trainer: %s\n", error.message.c_str());
  LastWord word;
  word.error = error.message;
  (void)write_termination_log(termination_log, word);
  return exit_for(error);
}

Exit run_main(int argc, char** argv) {
  StopRequest stop;
  install_stop(stop);
  const auto flags = parse_flags(argc, argv);
  if (!flags.ok()) return refuse(flags.error(), termination_log_in(argc, argv));
  if (!flags->help.empty()) {
    std::cout << flags->help;
    return Exit::Done;
  }
  const auto contract = read_contract([](const char* name) { return std::getenv(name); });
  if (!contract.ok()) return refuse(contract.error(), flags->settings.termination_log);
  prepare_cuda_environment();

  const host::RealClock clock;
  host::JsonLog log(host::LogLevel::Info, std::make_shared<spdlog::sinks::stdout_sink_mt>());
  Run run{flags->settings, *contract, stop, clock, log};
  const Exit exit = run_and_report(run);
  // Not by return: a gang whose peer is stuck, or a checkpoint on a hung disk, has threads that
  // nothing can wait for.
  std::cout.flush();
  std::_Exit(static_cast<int>(exit));
}

}  // namespace

int main(int argc, char** argv) { return static_cast<int>(run_main(argc, argv)); }
