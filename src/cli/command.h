#pragma once
#include <chrono>
#include <functional>
#include <iosfwd>

#include "base/clock.h"
#include "base/result.h"
#include "cli/live/cluster.h"

namespace CLI {
class App;
}

namespace berth::cli {

// What the program is given of the world by main().
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  bool is_err_terminal = false;                        // someone watches: show progress
  std::function<std::chrono::nanoseconds()> cpu_time;  // spent by this process
  std::function<Instant()> now = {};
  Connect connect = {};                          // to the cluster that flags and environment name
  std::function<int64_t()> resident_bytes = {};  // held by this process at most
};

// How a command ended: done, or the answer is no. What could not be asked is an Error, exit 2.
enum class Answer { Yes, No };
using Action = std::function<Result<Answer>(const Surroundings&)>;

// Adds one subcommand with its options to `parent`. When it is the one on the command line, it sets
// `chosen` to what then is to be done.
using AddCommand = void (*)(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
