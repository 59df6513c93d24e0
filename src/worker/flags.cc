#include "worker/flags.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string_view>

namespace berth::worker {
namespace {

constexpr const char* kDescription =
    "Trains a small classifier over a gang of workers and saves it as TorchScript.\n"
    "Who is in the gang comes from the environment: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT,\n"
    "BERTH_JOB, BERTH_ATTEMPT, BERTH_CHECKPOINT_DIR, BERTH_PORT. Without it, a gang of one.\n";

constexpr const char* kFooter =
    "\nExamples:\n"
    "  berth-trainer --data digits.csv.gz --output model.pt\n"
    "  berth-trainer --data digits.csv.gz --model cnn --epochs 60 --checkpoint-interval-seconds "
    "30\n"
    "\nExit status: 0 done; 42 checkpointed because it was asked to stop (SIGTERM);\n"
    "64 the configuration cannot work; 1 anything else, worth another attempt.\n";

// CLI11 converts through plain numbers; a duration is kept in its unit here.
template <class Seconds>
CLI::Option* add_seconds(CLI::App& app, const std::string& name, Seconds& value, int64_t least,
                         const std::string& help) {
  return app
      .add_option_function<int64_t>(
          name, [&value](int64_t seconds) { value = std::chrono::seconds(seconds); }, help)
      ->check(CLI::Range(least, int64_t{86400 * 365}))
      ->type_name("SECONDS");
}

void add_timeout(CLI::App& app, const std::string& name, std::chrono::seconds& value,
                 const std::string& help) {
  add_seconds(app, name, value, 1, help)->default_str(std::to_string(value.count()));
}

void add_training_flags(CLI::App& app, TrainSettings& settings) {
  constexpr int64_t kMany = int64_t{1} << 40;
  app.add_option("--data", settings.data, "CSV, plain or gzip: features, then the class, per line")
      ->required()
      ->type_name("FILE");
  app.add_option("--output", settings.output,
                 "where rank 0 saves the trained model for berth-server, with FILE.sha256 "
                 "(default: model/model.pt in BERTH_CHECKPOINT_DIR, if that is set)")
      ->type_name("FILE");
  app.add_option("--model", settings.model, "mlp, or cnn for square images")
      ->check(CLI::IsMember({"mlp", "cnn"}))
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("--device", settings.device,
                 "auto takes CUDA when there is a device, else the CPU")
      ->transform(CLI::CheckedTransformer(std::map<std::string, DeviceChoice>{
          {"auto", DeviceChoice::Auto}, {"cpu", DeviceChoice::Cpu}, {"cuda", DeviceChoice::Cuda}}))
      ->default_str("auto")
      ->type_name("auto|cpu|cuda");
  app.add_option("--epochs", settings.epochs, "passes over the training samples")
      ->check(CLI::Range(int64_t{1}, kMany))
      ->capture_default_str();
  app.add_option("--batch-size", settings.batch_size, "samples of one step over the whole gang")
      ->check(CLI::Range(int64_t{1}, kMany))
      ->capture_default_str();
  app.add_option("--learning-rate", settings.learning_rate, "step size of the Adam optimizer")
      ->check(CLI::Range(1e-9, 10.0))
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "same seed, same gang size, same weights, bit by bit")
      ->capture_default_str();
  app.add_option("--threads", settings.threads,
                 "CPU threads per worker; changing it changes the last bits of the weights")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}))
      ->capture_default_str();
}

void add_running_flags(CLI::App& app, TrainSettings& settings) {
  add_seconds(app, "--checkpoint-interval-seconds", settings.checkpoint_interval, 0,
              "time between checkpoints; 0 makes one only when asked to stop (default: "
              "BERTH_CHECKPOINT_INTERVAL_SECONDS, else 0)");
  add_timeout(app, "--checkpoint-timeout-seconds", settings.checkpoint_timeout,
              "longest that a checkpoint may take to reach the disk");
  add_timeout(app, "--rendezvous-timeout-seconds", settings.rendezvous_timeout,
              "longest wait for all workers of the gang to appear");
  add_timeout(app, "--peer-timeout-seconds", settings.peer_timeout,
              "longest wait for a worker within a step before the gang gives up");
  app.add_option("--steps-per-second", settings.steps_per_second_max,
                 "holds training back to this rate, for demonstrations and tests that must catch "
                 "it in the middle; 0 is as fast as it goes")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--termination-log", settings.termination_log,
                 "where the last word goes, one JSON object")
      ->capture_default_str()
      ->type_name("FILE");
}

// CLI11 spreads some messages over lines; a log line and a termination message want one.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

Result<ParsedFlags> parse_flags(int argc, const char* const* argv) {
  ParsedFlags parsed;
  CLI::App app{kDescription, "berth-trainer"};
  app.footer(kFooter);
  add_training_flags(app, parsed.settings);
  add_running_flags(app, parsed.settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    parsed.help = app.help();
  } catch (const CLI::ParseError& error) {
    return Error{Code::Invalid, one_line(error.what()) + "; try --help"};
  }
  const TrainSettings& settings = parsed.settings;
  if (settings.peer_timeout <= settings.checkpoint_timeout) {
    return Error{Code::Invalid,
                 "--peer-timeout-seconds: want more than "
                 "--checkpoint-timeout-seconds, since the others wait while rank 0 "
                 "saves"};
  }
  return parsed;
}

std::filesystem::path termination_log_in(int argc, const char* const* argv) {
  constexpr std::string_view kFlag = "--termination-log";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == kFlag && i + 1 < argc) return argv[i + 1];
    if (argument.starts_with(kFlag) && argument.substr(kFlag.size()).starts_with('=')) {
      return argument.substr(kFlag.size() + 1);
    }
  }
  return TrainSettings{}.termination_log;
}

}  // namespace berth::worker
