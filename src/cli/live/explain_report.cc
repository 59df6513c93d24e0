#include "cli/live/explain_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/live/explain_words.h"
#include "cli/live/report_json.h"
#include "cli/live/table.h"
#include "cli/live/waiting_report.h"
#include "cli/live/words.h"
#include "json/time.h"

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr size_t kMostHoldings = 20;  // in the text

Ordered time_or_null(Instant at) {
  return at == Instant::max() ? Ordered(nullptr) : Ordered(format_time(at));
}

const api::Condition* admitted_of(const api::GpuJob& job) {
  return api::find_condition(job.status.conditions, "Admitted");
}

Ordered condition_json(const api::GpuJob& job) {
  const api::Condition* admitted = admitted_of(job);
  if (admitted == nullptr) return nullptr;
  return Ordered{{"reason", admitted->reason},
                 {"message", admitted->message},
                 {"since", format_time(admitted->last_transition_time)}};
}

// Who has to give way so that it can start.
std::string victims_text(const sched::Explanation& explain, const sched::Preempt& preempt) {
  std::string names;
  for (const sched::Victim& victim : preempt.victims) {
    const auto at = std::find_if(explain.holdings.begin(), explain.holdings.end(),
                                 [&](const auto& h) { return h.source == victim.id.uid; });
    const std::string& name = at == explain.holdings.end() ? victim.id.uid : at->name;
    names += (names.empty() ? "" : ", ") + name;
    if (victim.keeps.empty()) continue;
    names += " (which goes on with " +
             count_text(static_cast<int64_t>(victim.keeps.size()), "worker") + ")";
  }
  return names + (preempt.victims.size() == 1 ? " has" : " have") + " to give way to it";
}

Ordered pass_json(const sched::Explanation& explain) {
  const sched::Decision& decision = explain.decision;
  if (const auto* hold = std::get_if<sched::Hold>(&decision)) {
    return Ordered{{"decision", "Hold"},
                   {"reason", std::string(name_of(hold->reason))},
                   {"message", hold->message}};
  }
  if (const auto* preempt = std::get_if<sched::Preempt>(&decision)) {
    return Ordered{
        {"decision", "Preempt"}, {"reason", nullptr}, {"message", victims_text(explain, *preempt)}};
  }
  return Ordered{{"decision", "Admit"}, {"reason", nullptr}, {"message", nullptr}};
}

Ordered numbers_json(const sched::ClassNumbers& numbers) {
  Ordered json;
  json["class"] = numbers.device_class;
  if (numbers.region) json["region"] = *numbers.region;
  json["wants"] = numbers.wants;
  json["free"] = numbers.free;
  json["exist"] = numbers.exist;
  json["listed"] = numbers.is_listed;
  json["guaranteed"] = numbers.limit.guaranteed;
  json["borrowing_limit"] = numbers.limit.borrowing;
  json["used"] = numbers.used;
  json["borrowed"] = numbers.borrowed;
  json["refused_by"] = nullptr;  // "" is the pool that all Quotas share
  json["leaves"] = nullptr;
  if (numbers.refused) {
    json["refused_by"] = numbers.refused->at.name;
    json["leaves"] = numbers.refused->leaves;
  }
  return json;
}

Ordered fix_json(const sched::Fix& fix) {
  const sched::Change& change = fix.change;
  const bool has_steps = change.from != change.to;
  Ordered json;
  json["change"] = std::string(name_of(change.kind));
  json["devices"] = change.devices;
  json["quota"] = or_null(change.quota.name);
  json["class"] = or_null(change.device_class);
  json["job"] = object_json(change.name);
  json["from"] = has_steps ? Ordered(change.from) : Ordered(nullptr);
  json["to"] = has_steps ? Ordered(change.to) : Ordered(nullptr);
  json["text"] = text_of(change);
  json["nodes"] = Ordered::array();
  for (const sched::NodeId& node : fix.start.nodes) json["nodes"].push_back(node.name);
  return json;
}

Ordered holding_json(const sched::HeldDevices& holding) {
  Ordered json = object_json(holding.name);
  json["quota"] = holding.quota ? Ordered(holding.quota->name) : Ordered(nullptr);
  json["class"] = holding.device_class;
  json["devices"] = holding.devices;
  json["borrowed"] = holding.borrowed;
  json["since"] = format_time(holding.since);
  return json;
}

void add_explanation(const sched::Explanation& explain, Ordered& json) {
  json["pass"] = pass_json(explain);
  for (const auto& numbers : explain.numbers) json["numbers"].push_back(numbers_json(numbers));
  for (const auto& holding : explain.holdings) json["holders"].push_back(holding_json(holding));
  for (const auto& fix : explain.fixes) json["fixes"].push_back(fix_json(fix));
  json["starts"] = time_or_null(explain.starts);
}

std::string numbers_table(const sched::Explanation& explain) {
  Table table{.columns = {{"CLASS"},
                          {"WANTS", true},
                          {"FREE", true},
                          {"EXIST", true},
                          {"USED/GUARANTEED", true},
                          {"MAY BORROW", true},
                          {"QUOTA SAYS"}},
              .rows = {}};
  for (const sched::ClassNumbers& numbers : explain.numbers) {
    std::string quota = numbers.is_listed ? "allows it" : "does not list it";
    if (numbers.is_listed && numbers.refused) {
      const std::string& at = numbers.refused->at.name;
      quota = (at.empty() ? "the pool" : at) + " leaves " + std::to_string(numbers.refused->leaves);
    }
    table.rows.push_back(
        {sched::column_of(numbers.device_class, numbers.region.value_or("")),
         std::to_string(numbers.wants), std::to_string(numbers.free), std::to_string(numbers.exist),
         std::to_string(numbers.used) + "/" + std::to_string(numbers.limit.guaranteed),
         std::to_string(numbers.limit.borrowing), quota});
  }
  return table.text();
}

std::string holdings_table(const sched::Explanation& explain, Instant now) {
  Table table{.columns = {{"QUOTA"},
                          {"HELD BY"},
                          {"CLASS"},
                          {"DEVICES", true},
                          {"BORROWED", true},
                          {"SINCE", true}},
              .rows = {}};
  for (const sched::HeldDevices& holding : explain.holdings) {
    if (table.rows.size() == kMostHoldings) break;
    table.rows.push_back({holding.quota ? holding.quota->name : "-", holding.name,
                          holding.device_class, std::to_string(holding.devices),
                          std::to_string(holding.borrowed), age_text(now - holding.since)});
  }
  std::string text = table.text();
  if (explain.holdings.size() > kMostHoldings) {
    text += "and " + std::to_string(explain.holdings.size() - kMostHoldings) + " more\n";
  }
  return text;
}

std::string fixes_text(const sched::Explanation& explain) {
  if (explain.fixes.empty()) return "No single change that was tried would start it now.\n";
  Table table{.columns = {{"DEVICES", true}, {"CHANGE"}, {"THEN ON"}}, .rows = {}};
  for (const sched::Fix& fix : explain.fixes) {
    std::vector<std::string> nodes;
    for (const sched::NodeId& node : fix.start.nodes) {
      if (std::find(nodes.begin(), nodes.end(), node.name) == nodes.end()) {
        nodes.push_back(node.name);
      }
    }
    table.rows.push_back(
        {std::to_string(fix.change.devices), text_of(fix.change), some_of(nodes, 3)});
  }
  return "Any one of these would start it now, the cheapest first:\n" + table.text();
}

std::string starts_text(const sched::Explanation& explain, Instant now) {
  if (explain.starts == Instant::max()) {
    return "If nothing changes: it is not known when it starts.\n";
  }
  return "If nothing changes: it starts about " + format_time(explain.starts) + ", in " +
         age_text(explain.starts - now) + ".\n";
}

// What holds it, as the operator has said; as the pass says now where that is another reason.
std::string blocker_text(const JobStory& story) {
  const api::Condition* said = admitted_of(*story.job);
  const auto* hold = std::get_if<sched::Hold>(&story.explain->decision);
  std::string text;
  if (said != nullptr && !said->is_true()) {
    text = said->reason + " for " + age_text(story.now - said->last_transition_time) + ": " +
           said->message + "\n";
  }
  const bool is_same = hold != nullptr && said != nullptr && said->message == hold->message;
  if (hold != nullptr && !is_same) {
    text += "Now: " + std::string(name_of(hold->reason)) + ": " + hold->message + "\n";
  }
  if (const auto* preempt = std::get_if<sched::Preempt>(&story.explain->decision)) {
    return text + "The next pass starts it: " + victims_text(*story.explain, *preempt) + ".\n";
  }
  if (hold == nullptr) text += "Nothing is in its way any more: the next pass starts it.\n";
  return text;
}

}  // namespace

std::string state_of(const api::GpuJob& job) {
  if (job.meta.deletion) return "Deleting";
  if (is_finished(job)) return "Finished";
  if (job.status.placement) return "Admitted";
  return job.spec.suspend ? "Suspended" : "Waiting";
}

std::string explain_json(const JobStory& story) {
  const api::GpuJob& job = *story.job;
  Ordered json;
  json["kind"] = "GpuJob";
  json["namespace"] = job.meta.name_space;
  json["name"] = job.meta.name;
  json["state"] = state_of(job);
  json["quota"] = story.quota ? Ordered(*story.quota) : Ordered(nullptr);
  json["workers"] = job.spec.workers.max;
  json["condition"] = condition_json(job);
  json["pass"] = nullptr;
  json["numbers"] = Ordered::array();
  json["holders"] = Ordered::array();
  json["fixes"] = Ordered::array();
  json["starts"] = nullptr;
  if (story.explain) add_explanation(*story.explain, json);
  return json.dump() + "\n";
}

std::string explain_text(const JobStory& story) {
  const api::GpuJob& job = *story.job;
  std::string text = "GpuJob " + job.meta.name + " in " + job.meta.name_space + ": " +
                     state_of(job) + ", wants " + wants_text(job.spec) + ", Quota " +
                     story.quota.value_or("none") + "\n";
  if (!story.explain) {
    const api::Condition* said = admitted_of(job);
    if (said != nullptr) text += said->reason + ": " + said->message + "\n";
    return text;
  }
  text += blocker_text(story) + "\n" + numbers_table(*story.explain) + "\n";
  if (!story.explain->holdings.empty()) {
    text += holdings_table(*story.explain, story.now) + "\n";
  }
  if (!std::holds_alternative<sched::Hold>(story.explain->decision)) return text;
  return text + fixes_text(*story.explain) + "\n" + starts_text(*story.explain, story.now);
}

}  // namespace berth::cli
