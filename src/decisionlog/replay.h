#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "decisionlog/record.h"

namespace berth::decisionlog {

// A decision that was logged, or made again, that the other side has otherwise or has not. In the
// JSON of the log, a held one with its text; empty: none.
struct Difference {
  int64_t pass = 0;
  size_t line = 0;
  std::string workload;  // its UID; empty: all are alike, but their order is not
  std::string name;
  std::string logged;
  std::string replayed;
};

// One pass, replayed. All decisions by UID, as JSON.
struct PassView {
  const Record& record;
  size_t line = 0;
  size_t asks = 0;
  const std::map<std::string, std::string>& logged;
  const std::map<std::string, std::string>& replayed;
};

struct ReplayOptions {
  int64_t until = std::numeric_limits<int64_t>::max();  // the last pass that is looked at
  std::optional<int64_t> show;                          // a pass that on_pass is called for
  std::function<void(const PassView&)> on_pass = {};
  std::function<void(size_t bytes)> on_progress = {};  // of the text that are done
};

struct ReplayReport {
  Header header;
  size_t lines = 0;
  int64_t passes = 0;
  int64_t first_pass = 0;
  int64_t last_pass = 0;
  Instant from;
  Instant to;
  int64_t decisions = 0;  // the sum of the next four
  int64_t admitted = 0;
  int64_t preempting = 0;
  int64_t resized = 0;
  int64_t held = 0;
  int64_t victims = 0;
  bool is_truncated = false;  // the last line is not whole and was left out
  int64_t passes_that_differ = 0;
  std::optional<Difference> first;
  std::string last_hash;
};

// Checks the hash chain of the text of a log file, then runs every pass in it anew and compares
// what is decided, and the very bytes of its line, with what is there. A pass that differs does not
// carry over to the next: facts are taken from the log. Errors: Invalid, "line 7: ...".
Result<ReplayReport> replay(std::string_view text, const ReplayOptions& options = {});

}  // namespace berth::decisionlog
