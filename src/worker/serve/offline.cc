#include "worker/serve/offline.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/files.h"

namespace berth::worker {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".jsonl";

// Cuts off and returns the next line, without its end.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// Computes the lines of one file in batches.
class Shard {
 public:
  Shard(const OfflineRules& rules, const OfflineParts& parts) : rules_(rules), parts_(parts) {}

  // The answers, or nothing when asked to stop meanwhile. Errors name the line.
  Result<std::optional<std::string>> answer(std::string_view text) {
    for (int64_t number = 1; !text.empty(); ++number) {
      if (parts_.stop.requested()) return std::optional<std::string>();
      const Status added = add(take_line(text));
      if (added.ok()) continue;
      return Error{added.error().code,
                   "line " + std::to_string(number) + ": " + added.error().message};
    }
    BERTH_TRY(flush());
    return std::optional(std::move(out_));
  }

  int64_t rows() const { return rows_; }

 private:
  Status add(std::string_view line) {
    if (line.empty()) return Done{};
    auto request =
        BERTH_TRY(serving::parse_infer(parts_.signature, std::string(line), std::nullopt, room_));
    auto fitting = BERTH_TRY(serving::fit(parts_.signature, request));
    if (fitting.rows > rules_.rows_max) {
      return Error{Code::Invalid, "a batch of " + std::to_string(fitting.rows) +
                                      " rows, of at most " + std::to_string(rules_.rows_max)};
    }
    if (fitting.kind != kind_ || pending_rows_ + fitting.rows > rules_.rows_max) {
      BERTH_TRY(flush());
    }
    kind_ = std::move(fitting.kind);
    pending_rows_ += fitting.rows;
    pending_.push_back(std::move(request));
    return Done{};
  }

  Status flush() {
    if (pending_.empty()) return Done{};
    std::vector<const serving::Request*> batch;
    for (const serving::Request& request : pending_) batch.push_back(&request);
    const auto outputs = BERTH_TRY(parts_.instance.compute(batch));
    for (size_t i = 0; i < pending_.size(); ++i) {
      auto answer = BERTH_TRY(serving::render_infer(parts_.model, pending_[i], outputs[i]));
      if (answer.header_bytes) {
        return Error{Code::Invalid, "binary data is not for files of lines"};
      }
      out_.append(answer.body).append("\n");
    }
    rows_ += std::exchange(pending_rows_, 0);
    pending_.clear();
    room_.give_back(room_.held());
    return Done{};
  }

  const OfflineRules& rules_;
  const OfflineParts& parts_;
  // Nobody else takes from it: what a batch may hold is bounded by its rows.
  http::BodyRoom room_{std::make_shared<std::atomic<size_t>>(0),
                       std::numeric_limits<size_t>::max()};
  std::vector<serving::Request> pending_;
  std::string kind_;
  int64_t pending_rows_ = 0;
  int64_t rows_ = 0;
  std::string out_;
};

// The files of this rank, in order.
Result<std::vector<std::string>> files_of(const OfflineRules& rules) {
  std::vector<std::string> mine;
  int next = 0;
  for (std::string& name : BERTH_TRY(list_names(rules.input))) {
    if (!name.ends_with(kExtension)) continue;
    if (next++ % rules.world_size == rules.rank) mine.push_back(std::move(name));
  }
  return mine;
}

// The digest first: an output that is there has one.
Status publish(const fs::path& path, const std::string& answers) {
  fs::path beside = path;
  beside += ".sha256";
  const std::string digest = sha256_hex(bytes_of(answers));
  BERTH_TRY(replace_file(beside, bytes_of(digest + "  " + path.filename().string() + "\n")));
  return replace_file(path, bytes_of(answers));
}

}  // namespace

Result<Exit> run_offline(const OfflineRules& rules, const OfflineParts& parts) {
  BERTH_TRY(make_directories(rules.output));
  const auto names = BERTH_TRY(files_of(rules));
  int64_t done = 0;
  parts.progress.start(0, static_cast<int64_t>(names.size()));
  for (const std::string& name : names) {
    int64_t rows = 0;
    std::error_code ignored;
    if (!fs::exists(rules.output / name, ignored)) {
      const Bytes text = BERTH_TRY(read_file(rules.input / name));
      Shard shard(rules, parts);
      auto answers = shard.answer({reinterpret_cast<const char*>(text.data()), text.size()});
      if (!answers.ok()) {
        return Error{answers.error().code, name + ": " + answers.error().message};
      }
      if (!*answers) {
        parts.log.info("asked to stop", {{"file", name}, {"files", std::to_string(done)}});
        return Exit::Checkpointed;
      }
      BERTH_TRY(publish(rules.output / name, **answers));
      rows = shard.rows();
      parts.log.info("file done", {{"file", name}, {"rows", std::to_string(rows)}});
    }
    parts.progress.step_done(++done, rows, std::nullopt);
  }
  parts.log.info("all files done", {{"files", std::to_string(done)}});
  return Exit::Done;
}

}  // namespace berth::worker
