#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace berth::worker {

enum class DeviceChoice { Auto, Cpu, Cuda };

// What the user asks of a training run. Flags hold what shapes the result; the launcher's
// environment (contract.h) holds where and with whom it runs.
struct TrainSettings {
  std::filesystem::path data;
  std::filesystem::path output;  // empty: below the launcher's checkpoint folder, if there is one
  std::string model = "mlp";
  DeviceChoice device = DeviceChoice::Auto;
  int64_t epochs = 30;
  int64_t batch_size = 64;  // samples of one step over the whole gang
  double learning_rate = 0.005;
  uint64_t seed = 1;
  int64_t threads = 1;                                      // per worker; sums are grouped by it
  std::optional<std::chrono::seconds> checkpoint_interval;  // absent: as the launcher says
  std::chrono::seconds checkpoint_timeout{30};
  std::chrono::seconds rendezvous_timeout{300};
  std::chrono::seconds peer_timeout{60};
  double steps_per_second_max = 0;  // 0: as fast as it goes
  std::filesystem::path termination_log = "/dev/termination-log";
};

struct ParsedFlags {
  TrainSettings settings;
  std::string help;  // not empty: print it and end well
};

// Errors: Invalid with the flag's name, on one line.
Result<ParsedFlags> parse_flags(int argc, const char* const* argv);

// Where the last word goes when the flags themselves are wrong: what --termination-log says if it
// can be found, else the default.
std::filesystem::path termination_log_in(int argc, const char* const* argv);

}  // namespace berth::worker
