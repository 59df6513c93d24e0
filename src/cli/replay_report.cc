#include "cli/replay_report.h"

#include <nlohmann/json.hpp>
#include <tuple>

#include "base/text.h"
#include "cli/live/table.h"
#include "cli/rejected_words.h"
#include "decisionlog/fields.h"
#include "decisionlog/reader.h"
#include "json/parse.h"
#include "json/time.h"

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr size_t kMostDecisions = 50;  // in the text

// What the log says of one decision; null where that side has none.
Ordered decision_json(const std::string& text) {
  return text.empty() ? Ordered(nullptr) : Ordered::parse(text, nullptr, false);
}

Ordered difference_json(const std::optional<decisionlog::Difference>& difference) {
  if (!difference) return nullptr;
  Ordered json;
  json["pass"] = difference->pass;
  json["line"] = difference->line;
  json["workload"] = difference->workload;
  json["name"] = difference->name;
  json["logged"] = decision_json(difference->logged);
  json["replayed"] = decision_json(difference->replayed);
  return json;
}

Ordered shown_json(const std::optional<ShownPass>& shown) {
  if (!shown) return nullptr;
  Ordered json;
  json["pass"] = shown->pass;
  json["line"] = shown->line;
  json["now"] = format_time(shown->at);
  json["asks"] = shown->asks;
  json["news"] = Ordered::object();
  for (const auto& [kind, count] : shown->news) json["news"][kind] = count;
  json["decisions"] = Ordered::array();
  for (const ShownPass::Line& line : shown->decisions) {
    json["decisions"].push_back({{"workload", line.workload},
                                 {"same", line.logged == line.replayed},
                                 {"logged", decision_json(line.logged)},
                                 {"replayed", decision_json(line.replayed)}});
  }
  return json;
}

// "on a, b", "held OverQuota: wants ...", "on a in place of x".
std::string words_of(const std::string& text) {
  if (text.empty()) return "nothing";
  const Ordered json = decision_json(text);
  if (!json.is_object()) return text;
  if (json.contains("hold")) {
    return "held " + json.value("hold", "") + ": " + json.value("message", "");
  }
  const bool is_preempt = json.contains("placement");
  const Ordered& placed = is_preempt ? json["placement"] : json;
  std::string words = "on";
  for (const auto& node : placed.value("nodes", Ordered::array())) {
    words += " " + node.get<std::string>();
  }
  if (!is_preempt) return words;
  if (json.contains("from")) {
    return "grows from " + std::to_string(json.value("from", int64_t{0})) + " workers, " + words;
  }
  words += " in place of";
  for (const auto& victim : json.value("victims", Ordered::array())) {
    words += " " + victim.value("id", "");
    const auto keeps = victim.find("keeps");
    if (keeps == victim.end()) continue;
    words += " (goes on with " + count_text(static_cast<int64_t>(keeps->size()), "worker") + ")";
  }
  return words;
}

// What was not taken, one text each.
std::vector<std::string> rejected_in(const std::string& text) {
  const Json json = parse_json(text);
  std::vector<std::string> words;
  if (!json.is_object()) return words;
  const auto placement = json.find("placement");
  const Json& placed = placement == json.end() ? json : *placement;
  const auto list = placed.find("rejected");
  std::vector<sched::Rejected> rejected;
  if (list == placed.end() || !decisionlog::read_json(*list, rejected)) return words;
  for (const sched::Rejected& one : rejected) words.push_back(cli::words_of(one));
  return words;
}

std::string shown_text(const ShownPass& shown) {
  std::string text = "Pass " + std::to_string(shown.pass) + " (line " + std::to_string(shown.line) +
                     ") at " + format_time(shown.at) + ", " +
                     count_text(static_cast<int64_t>(shown.asks), "ask") + ". New:";
  for (const auto& [kind, count] : shown.news) text += " " + kind + " " + std::to_string(count);
  if (shown.news.empty()) text += " nothing";
  Table table{.columns = {{"WORKLOAD"}, {"SAME"}, {"LOGGED"}}, .rows = {}};
  size_t lines = 0;
  for (const ShownPass::Line& line : shown.decisions) {
    if (++lines > kMostDecisions) break;
    const bool is_same = line.logged == line.replayed;
    table.rows.push_back({line.workload, is_same ? "yes" : "no", words_of(line.logged)});
    for (const std::string& other : rejected_in(line.logged)) {
      table.rows.push_back({"", "", "  " + other});
    }
    if (!is_same) table.rows.push_back({"", "", "replayed: " + words_of(line.replayed)});
  }
  text += "\n\n" + table.text();
  if (shown.decisions.size() > kMostDecisions) {
    text += "and " + std::to_string(shown.decisions.size() - kMostDecisions) + " more\n";
  }
  return text + "\n";
}

std::string verdict_text(const decisionlog::ReplayReport& report) {
  if (!report.first) {
    return "The hash chain holds, and every pass decided the same, byte for byte.\n";
  }
  const decisionlog::Difference& first = *report.first;
  const int64_t differ = report.passes_that_differ;
  std::string text = "The hash chain holds, but " + std::to_string(differ) +
                     (differ == 1 ? " pass" : " passes") + " decided otherwise, first " +
                     std::to_string(first.pass) + " (line " + std::to_string(first.line) + "):\n";
  if (first.workload.empty()) return text + "  the same decisions, in another order of turns\n";
  text += "  " + (first.name.empty() ? first.workload : first.name) + "\n";
  text += "    logged    " + words_of(first.logged) + "\n";
  return text + "    replayed  " + words_of(first.replayed) + "\n";
}

}  // namespace

ShownPass shown_pass(const decisionlog::PassView& view) {
  ShownPass shown{.pass = view.record.pass,
                  .line = view.line,
                  .at = view.record.now,
                  .asks = view.asks,
                  .news = {},
                  .decisions = {}};
  size_t kind = 0;
  std::apply(
      [&](const auto&... change) {
        const auto note = [&](size_t count) {
          const std::string_view name = decisionlog::Kinds::kNames[kind++];
          if (count > 0) shown.news.emplace_back(name, count);
        };
        (note(change.set.size() + change.gone.size()), ...);
      },
      view.record.saw.changes);
  for (const auto& [workload, text] : view.logged) {
    const auto again = view.replayed.find(workload);
    shown.decisions.push_back(
        {workload, text, again == view.replayed.end() ? std::string() : again->second});
  }
  for (const auto& [workload, text] : view.replayed) {
    if (!view.logged.contains(workload)) shown.decisions.push_back({workload, {}, text});
  }
  return shown;
}

std::string replay_json(const ReplayStory& story) {
  const decisionlog::ReplayReport& report = story.report;
  Ordered json;
  json["program"] = report.header.program;
  json["file"] = report.header.file;
  json["passes"] = report.passes;
  json["first_pass"] = report.first_pass;
  json["last_pass"] = report.last_pass;
  json["from"] = report.passes > 0 ? Ordered(format_time(report.from)) : Ordered(nullptr);
  json["to"] = report.passes > 0 ? Ordered(format_time(report.to)) : Ordered(nullptr);
  json["decisions"] = report.decisions;
  json["admitted"] = report.admitted;
  json["preempting"] = report.preempting;
  json["victims"] = report.victims;
  json["resized"] = report.resized;
  json["held"] = report.held;
  json["truncated"] = report.is_truncated;
  json["passes_that_differ"] = report.passes_that_differ;
  json["first_difference"] = difference_json(report.first);
  json["shown"] = shown_json(story.shown);
  json["hash"] = report.last_hash;
  return json.dump() + "\n";
}

std::string replay_text(const ReplayStory& story) {
  const decisionlog::ReplayReport& report = story.report;
  std::string text = story.file + ": file " + std::to_string(report.header.file) + " of " +
                     report.header.program + "\n";
  if (report.passes > 0) {
    text += "passes " + std::to_string(report.first_pass) + " to " +
            std::to_string(report.last_pass) + ", " + format_time(report.from) + " to " +
            format_time(report.to) + "\n";
  }
  Table table{.columns = {{"PASSES", true},
                          {"DECISIONS", true},
                          {"ADMITTED", true},
                          {"PREEMPTING", true},
                          {"VICTIMS", true},
                          {"RESIZED", true},
                          {"HELD", true},
                          {"DIFFER", true}},
              .rows = {{std::to_string(report.passes), std::to_string(report.decisions),
                        std::to_string(report.admitted), std::to_string(report.preempting),
                        std::to_string(report.victims), std::to_string(report.resized),
                        std::to_string(report.held), std::to_string(report.passes_that_differ)}}};
  text += "\n" + table.text() + "\n";
  if (story.shown) text += shown_text(*story.shown);
  if (report.is_truncated) text += "The last line is truncated and was left out.\n";
  return text + verdict_text(report);
}

}  // namespace berth::cli
