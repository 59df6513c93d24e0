#include "decisionlog/replay.h"

#include <memory>
#include <utility>
#include <vector>

#include "decisionlog/chain.h"
#include "sched/core/pass.h"

namespace berth::decisionlog {
namespace {

Error at_line(size_t number, const Error& error) {
  return {error.code, "line " + std::to_string(number) + ": " + error.message};
}

// Every whole line of the text, and whether something is left behind the last.
struct Lines {
  std::vector<std::string_view> whole;
  std::string_view rest;
};
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    lines.whole.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.rest = text;
  return lines;
}

using Texts = std::map<std::string, std::string>;

// A held workload's decision, for people.
struct Held {
  sched::Reason hold;
  std::string message;
  Instant starts;
};

void describe(auto& v, Of<Held> auto& held) {
  auto& [hold, message, starts] = held;
  v("hold", hold);
  v("message", message);
  v("starts", starts);
}

class Replay {
 public:
  Replay(const Header& header, const ReplayOptions& options, ReplayReport& report)
      : options_(options),
        report_(report),
        world_(std::make_unique<sched::World>(header.settings)) {}

  // Errors: Invalid.
  Status pass(const Record& record, size_t line) {
    BERTH_TRY(decisionlog::check(record.saw.changes));
    apply(record.saw.changes, facts_, *world_);
    const Known<sched::Ask>& asked = std::get<Known<sched::Ask>>(facts_);
    std::vector<const sched::Ask*> asks;
    for (const auto& [uid, ask] : asked) asks.push_back(&ask);
    auto decisions = sched::run_pass(*world_, asks, record.now);
    if (!report_.header.rejected.value_or(false)) forget_rejected(decisions);
    Holds replayed = holds_;
    const Decided again = decided(decisions, replayed);
    BERTH_TRY(holds_.apply(record.decided.hold, named(record.decided)));
    count(record);
    const bool is_same = json_of_decided(again) == json_of_decided(record.decided);
    if (is_same && options_.show != record.pass) return Done{};
    const Texts made = texts_of(decisions);
    const Texts logged = logged_texts(record);
    if (options_.show == record.pass && options_.on_pass) {
      options_.on_pass({record, line, asks.size(), logged, made});
    }
    if (!is_same) differs(record, line, logged, made);
    return Done{};
  }

 private:
  // As the log is of somebody who did not say it.
  static void forget_rejected(std::vector<sched::Decision>& decisions) {
    for (sched::Decision& decision : decisions) {
      if (auto* admit = std::get_if<sched::Admit>(&decision)) admit->rejected.clear();
      if (auto* preempt = std::get_if<sched::Preempt>(&decision)) {
        preempt->placement.rejected.clear();
      }
      if (auto* resize = std::get_if<sched::Resize>(&decision)) resize->placement.rejected.clear();
    }
  }

  static std::string json_of_decided(const Decided& decided) {
    return body_of(Record{.pass = 0, .now = {}, .saw = {}, .decided = decided});
  }

  // Who was decided on otherwise than by being held.
  static std::vector<sched::WorkloadId> named(const Decided& decided) {
    std::vector<sched::WorkloadId> ids;
    for (const sched::Admit& admit : decided.admit) ids.push_back(admit.id);
    for (const sched::Preempt& preempt : decided.preempt) ids.push_back(preempt.id);
    for (const sched::Resize& resize : decided.resize) ids.push_back(resize.id);
    return ids;
  }

  static std::string text_of_hold(const sched::Hold& hold) {
    return json_of(Held{hold.reason, hold.message, hold.starts});
  }

  static Texts texts_of(const std::vector<sched::Decision>& decisions) {
    Texts texts;
    for (const sched::Decision& decision : decisions) {
      std::visit([&](const auto& one) { texts[one.id.uid] = text_of(one); }, decision);
    }
    return texts;
  }
  static std::string text_of(const sched::Hold& hold) { return text_of_hold(hold); }
  static std::string text_of(const auto& decision) { return json_of(decision); }

  Texts logged_texts(const Record& record) const {
    Texts texts;
    for (const auto& [id, number] : holds_.held()) texts[id.uid] = text_of_hold(holds_.hold(id));
    const auto add = [&](const auto& decisions) {
      for (const auto& one : decisions) texts[one.id.uid] = json_of(one);
    };
    add(record.decided.admit);
    add(record.decided.preempt);
    add(record.decided.resize);
    return texts;
  }

  void count(const Record& record) {
    const Decided& decided = record.decided;
    if (report_.passes++ == 0) {
      report_.first_pass = record.pass;
      report_.from = record.now;
    }
    report_.last_pass = record.pass;
    report_.to = record.now;
    report_.admitted += static_cast<int64_t>(decided.admit.size());
    report_.preempting += static_cast<int64_t>(decided.preempt.size());
    for (const sched::Preempt& preempt : decided.preempt) {
      report_.victims += static_cast<int64_t>(preempt.victims.size());
    }
    report_.resized += static_cast<int64_t>(decided.resize.size());
    report_.held += static_cast<int64_t>(holds_.size());
    report_.decisions = report_.admitted + report_.preempting + report_.resized + report_.held;
  }

  void differs(const Record& record, size_t line, const Texts& logged, const Texts& made) {
    ++report_.passes_that_differ;
    if (report_.first) return;
    Difference first{.pass = record.pass, .line = line};
    const auto [there, here] = first_difference(logged, made);
    if (there != logged.end()) first.logged = there->second;
    if (here != made.end()) first.replayed = here->second;
    if (there != logged.end() || here != made.end()) {
      first.workload = there != logged.end() ? there->first : here->first;
    }
    const auto& asks = std::get<Known<sched::Ask>>(facts_);
    const auto ask = asks.find(first.workload);
    if (ask != asks.end()) first.name = ask->second.name;
    report_.first = std::move(first);
  }

  // The end where a side has nothing about it.
  static std::pair<Texts::const_iterator, Texts::const_iterator> first_difference(
      const Texts& logged, const Texts& made) {
    auto there = logged.begin();
    auto here = made.begin();
    while (there != logged.end() && here != made.end() && *there == *here) {
      ++there;
      ++here;
    }
    if (there == logged.end() || here == made.end() || there->first == here->first) {
      return {there, here};
    }
    return there->first < here->first ? std::pair{there, made.end()}
                                      : std::pair{logged.end(), here};
  }

  const ReplayOptions& options_;
  ReplayReport& report_;
  std::unique_ptr<sched::World> world_;
  Facts facts_;
  Holds holds_;
};

// Errors: Invalid, with the line.
Status check_chain(Lines& lines, const Header& header, ReplayReport& report) {
  std::string hash = header.previous;
  for (size_t i = 0; i < lines.whole.size(); ++i) {
    if (const Status fits = check(lines.whole[i], hash); !fits) {
      return at_line(i + 1, fits.error());
    }
  }
  if (!lines.rest.empty()) {
    // Whoever wrote it was stopped; only the end of the line may be what is missing.
    if (check(lines.rest, hash)) {
      lines.whole.push_back(lines.rest);
    } else {
      report.is_truncated = true;
    }
  }
  report.lines = lines.whole.size();
  report.last_hash = hash;
  return Done{};
}

}  // namespace

Result<ReplayReport> replay(std::string_view text, const ReplayOptions& options) {
  Lines lines = lines_of(text);
  if (lines.whole.empty()) return Error{Code::Invalid, "line 1: there is no whole line"};
  ReplayReport report;
  auto header = parse_header(lines.whole.front());
  if (!header) return at_line(1, header.error());
  report.header = *std::move(header);
  BERTH_TRY(check_chain(lines, report.header, report));
  Replay replay(report.header, options, report);
  for (size_t i = 1; i < lines.whole.size(); ++i) {
    const auto record = parse_record(lines.whole[i]);
    if (!record) return at_line(i + 1, record.error());
    if (record->pass > options.until) break;
    if (const Status done = replay.pass(*record, i + 1); !done) {
      return at_line(i + 1, done.error());
    }
    if (options.on_progress) {
      options.on_progress(static_cast<size_t>(lines.whole[i].end() - text.begin()));
    }
  }
  return report;
}

}  // namespace berth::decisionlog
