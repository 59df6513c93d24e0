#include "tests/simulation/schedule_text.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "translate/read_json.h"

namespace berth::simulation {
namespace {

Error invalid(int number, const std::string& line) {
  return {Code::Invalid,
          "line " + std::to_string(number) + ": neither a setting nor an act: " + line};
}

bool read_setting(const std::string& line, Setting& setting) {
  unsigned long seed = 0;
  long latency = 0;
  char fence[16] = {};
  const int read =
      std::sscanf(line.c_str(), "seed %lu, %15[^,], latency up to %ld ms", &seed, fence, &latency);
  const std::string fenced = fence;
  if (read != 3 || (fenced != "fenced" && fenced != "not fenced")) return false;
  setting.seed = seed;
  setting.is_fenced = fenced == "fenced";
  setting.latency = Millis{latency};
  return true;
}

bool read_act(const std::string& line, Act& act) {
  double when = 0;  // seconds
  char kind[64] = {};
  const int read = std::sscanf(line.c_str(), "%lf s %63s %u %u %u", &when, kind, &act.draws[0],
                               &act.draws[1], &act.draws[2]);
  if (read != 5) return false;
  act.at = Millis{static_cast<int64_t>(when * 1000 + 0.5)};
  const auto known = kind_named(kind);
  if (!known) return false;
  act.kind = *known;
  return true;
}

}  // namespace

std::string text_of(const Schedule& schedule) {
  const Setting& setting = schedule.setting;
  std::string text = "seed " + std::to_string(setting.seed) +
                     (setting.is_fenced ? ", fenced" : ", not fenced") + ", latency up to " +
                     std::to_string(setting.latency.count()) + " ms\n";
  for (const Act& act : schedule.acts) {
    char line[120];
    std::snprintf(line, sizeof line, "%9.3f s  %-22s %u %u %u\n",
                  static_cast<double>(act.at.count()) / 1000, act_kinds()[act.kind].name,
                  act.draws[0], act.draws[1], act.draws[2]);
    text += line;
  }
  return text;
}

std::string text_of(const std::string& collection, const kube::fake::Change& change) {
  const Json& after = change.after->object();
  const Json& meta = translate::object_at(after, "metadata");
  std::string text = collection.substr(collection.find('/') + 1) + " " +
                     translate::text_at(meta, "namespace") + "/" + translate::text_at(meta, "name");
  if (change.deleted) return text + " is gone";
  if (change.before == nullptr) return text + " is new " + after.dump();
  for (const Json& one : Json::diff(change.before->object(), after)) {
    const std::string path = translate::text_at(one, "path");
    if (path == "/metadata/resourceVersion" || path.starts_with("/metadata/managedFields"))
      continue;
    text += " " + path + (one.contains("value") ? "=" + one["value"].dump() : " removed");
  }
  return text;
}

Result<Schedule> parse_schedule(const std::string& text) {
  Schedule schedule;
  std::istringstream lines(text);
  std::string line;
  bool has_setting = false;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    if (!has_setting) {
      if (!read_setting(line, schedule.setting)) return invalid(number, line);
      has_setting = true;
      continue;
    }
    Act act;
    if (!read_act(line, act)) return invalid(number, line);
    schedule.acts.push_back(act);
  }
  if (!has_setting) return Error{Code::Invalid, "no line about the setting"};
  return schedule;
}

}  // namespace berth::simulation
