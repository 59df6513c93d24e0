#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "decisionlog/recorder.h"

namespace berth::decisionlog {

// Where the lines go. Neither call may wait for a disk. Errors are reported by any later call.
struct LogFiles {
  std::function<Status(std::string_view line)> append;  // to the file that was begun last
  std::function<Status(int64_t file)> begin;            // the oldest may be dropped for it
  int64_t next_file = 1;
};

// The decision log of one process: facts as they come, then a line per pass, in files of bounded
// size of which each can be replayed alone. Nothing that goes wrong with it is felt by whoever
// decides: the log then ends, on_error is called, and a while later it begins anew with a file that
// says all that is known.
class DecisionLog {
 public:
  struct Options {
    std::string program;                     // that decides, with its version
    int64_t file_bytes = int64_t{64} << 20;  // no file is larger
    Millis retry{60'000};
  };
  DecisionLog(LogFiles files, Options options);

  // Of the world that the passes are run on.
  void use(const sched::CoreSettings& settings) { settings_ = settings; }
  Recorder& facts() { return recorder_; }
  void pass(const std::vector<const sched::Ask*>& asks, Instant now,
            const std::vector<sched::Decision>& decisions);

  std::function<void(const Error&)> on_error;
  std::function<void(size_t bytes)> on_line;
  bool is_open() const { return is_open_; }

 private:
  struct Pass {
    const std::vector<const sched::Ask*>& asks;
    Instant now;
    const std::vector<sched::Decision>& decisions;
  };
  Status write(const Pass& pass);
  Status begin_file();
  Status append(const std::string& line);
  std::string line_of(const Pass& pass);

  LogFiles files_;
  Options options_;
  sched::CoreSettings settings_;
  Recorder recorder_;
  bool is_open_ = false;
  Instant retry_at_ = Instant::min();
  int64_t pass_ = 0;
  int64_t file_;
  int64_t written_ = 0;  // bytes of the file
  std::string previous_;
};

}  // namespace berth::decisionlog
