#include "decisionlog/log.h"

#include <utility>

#include "decisionlog/chain.h"

namespace berth::decisionlog {

DecisionLog::DecisionLog(LogFiles files, Options options)
    : files_(std::move(files)), options_(std::move(options)), file_(files_.next_file) {}

void DecisionLog::pass(const std::vector<const sched::Ask*>& asks, Instant now,
                       const std::vector<sched::Decision>& decisions) {
  ++pass_;
  if (!is_open_ && now < retry_at_) return;
  const Status written = write({asks, now, decisions});
  if (written) return;
  is_open_ = false;
  retry_at_ = now + options_.retry;
  if (on_error) on_error(written.error());
}

Status DecisionLog::write(const Pass& pass) {
  if (!is_open_) BERTH_TRY(begin_file());
  const std::string previous = previous_;
  std::string line = line_of(pass);
  if (written_ + static_cast<int64_t>(line.size()) > options_.file_bytes) {
    previous_ = previous;
    BERTH_TRY(begin_file());
    const std::string begun = previous_;
    line = line_of(pass);
    if (written_ + static_cast<int64_t>(line.size()) <= options_.file_bytes) return append(line);
    previous_ = begun;
    return Error{Code::Invalid, "what is known takes " + std::to_string(line.size()) +
                                    " bytes, more than a file may have"};
  }
  return append(line);
}

std::string DecisionLog::line_of(const Pass& pass) {
  return seal(recorder_.pass(pass_, pass.asks, pass.now, pass.decisions), previous_);
}

Status DecisionLog::begin_file() {
  is_open_ = false;
  BERTH_TRY(files_.begin(file_));
  const Header header{.program = options_.program,
                      .file = file_++,
                      .previous = previous_,
                      .settings = settings_,
                      .rejected = true};
  recorder_.begin_anew();
  written_ = 0;
  const std::string line = seal(body_of(header), previous_);
  BERTH_TRY(append(line));
  is_open_ = true;
  return Done{};
}

Status DecisionLog::append(const std::string& line) {
  BERTH_TRY(files_.append(line));
  written_ += static_cast<int64_t>(line.size());
  if (on_line) on_line(line.size());
  return Done{};
}

}  // namespace berth::decisionlog
