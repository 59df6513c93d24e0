#include "cli/live/plan_report.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/live/report_json.h"
#include "cli/live/table.h"
#include "cli/live/words.h"
#include "cli/rejected_words.h"
#include "json/time.h"

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr int64_t kDeviceSecond = 1'000;  // device-milliseconds

Ordered fate_json(const Fate& fate) {
  if (fate.is == Fate::Is::Unknown) return nullptr;
  const bool is_held = fate.is == Fate::Is::Held;
  Ordered json;
  json["is"] = std::string(name_of(fate.is));
  json["class"] = or_null(fate.device_class);
  json["nodes"] = fate.nodes;
  json["victims"] = Ordered::array();
  for (const Fate::Lost& victim : fate.victims) {
    Ordered gone = object_json(victim.name);
    gone["lost_device_seconds"] = victim.lost_device_ms / kDeviceSecond;
    json["victims"].push_back(std::move(gone));
  }
  json["to"] = fate.gives_way_to.empty() ? Ordered(nullptr) : object_json(fate.gives_way_to);
  json["lost_device_seconds"] =
      fate.gives_way_to.empty() ? Ordered(nullptr) : Ordered(fate.lost_device_ms / kDeviceSecond);
  json["reason"] = is_held || !fate.message.empty() ? Ordered(std::string(name_of(fate.reason)))
                                                    : Ordered(nullptr);
  json["message"] = or_null(fate.message);
  json["starts"] = is_held && fate.starts != Instant::max() ? Ordered(format_time(fate.starts))
                                                            : Ordered(nullptr);
  json["rejected"] = Ordered::array();
  for (const sched::Rejected& one : fate.rejected) json["rejected"].push_back(words_of(one));
  return json;
}

std::string fate_text(const Fate& fate) {
  switch (fate.is) {
    case Fate::Is::Runs:
      if (fate.message.empty()) return "runs";
      return "runs, would not start today: " + std::string(name_of(fate.reason)) + ": " +
             fate.message;
    case Fate::Is::Starts: return "starts on " + some_of(fate.nodes, 4);
    case Fate::Is::Grows: return "grows to " + some_of(fate.nodes, 4);
    case Fate::Is::Preempts: {
      std::vector<std::string> victims;
      int64_t lost = 0;
      for (const Fate::Lost& victim : fate.victims) {
        victims.push_back(victim.name);
        lost += victim.lost_device_ms / kDeviceSecond;
      }
      return "starts on " + some_of(fate.nodes, 4) + " once " + some_of(victims, 3) +
             (victims.size() == 1 ? " has" : " have") + " given way (" +
             count_text(lost, "device-second") + " lost)";
    }
    case Fate::Is::Shrinks:
      return "goes on with " + count_text(static_cast<int64_t>(fate.nodes.size()), "worker") +
             " on " + some_of(fate.nodes, 4) + ", gives way to " + fate.gives_way_to + " (" +
             count_text(fate.lost_device_ms / kDeviceSecond, "device-second") + " lost)";
    case Fate::Is::GivesWay:
      return "gives way to " + fate.gives_way_to + " (" +
             count_text(fate.lost_device_ms / kDeviceSecond, "device-second") + " lost)";
    case Fate::Is::Held: {
      std::string text = std::string(name_of(fate.reason)) + ": " + fate.message;
      if (fate.starts != Instant::max()) text += "; starts about " + format_time(fate.starts);
      return text;
    }
    case Fate::Is::Unknown: return "-";
  }
  __builtin_unreachable();
}

}  // namespace

std::string plan_json(const Plan& plan) {
  Ordered json;
  json["objects"] = Ordered::array();
  for (const AppliedObject& object : plan.objects) {
    json["objects"].push_back({{"kind", object.kind},
                               {"namespace", or_null(object.name_space)},
                               {"name", object.name},
                               {"change", std::string(name_of(object.applied))},
                               {"problem", or_null(object.problem)}});
  }
  json["workloads"] = Ordered::array();
  for (const PlannedWorkload& one : plan.workloads) {
    Ordered workload = object_json(one.name);
    workload["applied"] = one.is_applied;
    workload["now"] = fate_json(one.now);
    workload["then"] = fate_json(one.then);
    json["workloads"].push_back(std::move(workload));
  }
  json["divergences"] = Ordered::array();
  for (const sched::Divergence& one : plan.divergences) {
    json["divergences"].push_back(
        {{"policy", one.policy}, {"workload", one.work}, {"text", one.text}});
  }
  json["all_start"] = plan.all_start();
  return json.dump() + "\n";
}

std::string plan_text(const Plan& plan) {
  Table objects{.columns = {{"CHANGE"}, {"OBJECT"}}, .rows = {}};
  for (const AppliedObject& object : plan.objects) {
    std::string name = object.kind + " ";
    if (!object.name_space.empty()) name += object.name_space + "/";
    objects.rows.push_back({std::string(name_of(object.applied)), name + object.name});
  }
  std::string text = objects.text();
  for (const AppliedObject& object : plan.objects) {
    if (!object.problem.empty()) {
      text += object.kind + " " + object.name + " counts for nothing: " + object.problem + "\n";
    }
  }
  for (const sched::Divergence& one : plan.divergences) {
    text += "Shadow policy " + one.policy + ": " + one.work + " " + one.text + "\n";
  }
  text += "\n";
  if (plan.workloads.empty()) return text + "The next pass decides the same with it as without.\n";
  Table table{.columns = {{"WORKLOAD"}, {"NOW"}, {"THEN"}}, .rows = {}};
  for (const PlannedWorkload& one : plan.workloads) {
    table.rows.push_back({one.name, fate_text(one.now), fate_text(one.then)});
  }
  return text + table.text();
}

}  // namespace berth::cli
