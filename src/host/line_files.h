#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::host {

// Lines into numbered files of one folder ("PREFIX-000012.jsonl"), written by a thread of its own,
// so that a slow disk holds nobody up. Of the files only the newest few are kept. Lines reach the
// kernel in order and are not synced: what the process wrote is there after its crash, not surely
// after the machine's.
class LineFiles {
 public:
  struct Options {
    std::string folder;
    std::string prefix = "decisions";
    int64_t most_files = 4;
    int64_t most_waiting_bytes = int64_t{64} << 20;  // in memory, for the disk
  };
  // Makes the folder where it is missing. Errors: Unavailable, with the path and why.
  static Result<std::unique_ptr<LineFiles>> open(Options options);
  // Writes what waits, for two seconds at most.
  ~LineFiles();
  LineFiles(const LineFiles&) = delete;
  LineFiles& operator=(const LineFiles&) = delete;

  // One more than any number that a file has. Constant.
  int64_t next_file() const;
  // From here on lines go to that file, which is made new. Forgets an earlier failure.
  Status begin(int64_t file);
  // Errors: Unavailable, when an earlier line could not be written, or too much waits.
  Status append(std::string_view line);

 private:
  struct State;
  explicit LineFiles(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace berth::host
