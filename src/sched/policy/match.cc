#include "sched/policy/match.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace berth::sched {
namespace {

bool names(const std::set<std::string>& set, std::string_view value) {
  return set.empty() || set.contains(std::string(value));
}

// One value that both allow; empty when both allow everything, nothing when they share none.
std::optional<std::string> shared(const std::set<std::string>& a, const std::set<std::string>& b) {
  if (a.empty() && b.empty()) return std::string();
  if (a.empty() || b.empty()) return a.empty() ? *b.begin() : *a.begin();
  for (const std::string& value : a) {
    if (b.contains(value)) return value;
  }
  return std::nullopt;
}

}  // namespace

bool carries(const Labels& labels, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto at = labels.find(label.first);
    return at != labels.end() && at->second == label.second;
  });
}

bool matches_names(const WorkMatch& match, std::string_view name_space, std::string_view tier) {
  return names(match.namespaces, name_space) && names(match.tiers, tier);
}

bool matches_rest(const WorkMatch& match, const WorkView& work) {
  return work.devices >= match.min_devices && names(match.classes, work.device_class) &&
         carries(work.labels, match.labels);
}

bool matches(const WorkMatch& match, const WorkView& work) {
  return matches_names(match, work.name_space, work.tier) && matches_rest(match, work);
}

std::optional<std::string> overlap(const WorkMatch& a, const WorkMatch& b) {
  const auto name_space = shared(a.namespaces, b.namespaces);
  const auto tier = shared(a.tiers, b.tiers);
  const auto device_class = shared(a.classes, b.classes);
  if (!name_space || !tier || !device_class) return std::nullopt;
  Labels::Map labels = a.labels;
  for (const auto& [key, value] : b.labels) {
    const auto [at, is_new] = labels.emplace(key, value);
    if (!is_new && at->second != value) return std::nullopt;
  }
  std::string text;
  const auto say = [&](const std::string& what, const std::string& value) {
    if (value.empty()) return;
    if (!text.empty()) text += ", ";
    text.append(what).append(" ").append(value);
  };
  say("namespace", *name_space);
  say("tier", *tier);
  say("class", *device_class);
  for (const auto& [key, value] : labels) {
    std::string label = key;
    say("label", label.append("=").append(value));
  }
  const int64_t devices = std::max(a.min_devices, b.min_devices);
  if (devices > 1) say("devices at least", std::to_string(devices));
  return text.empty() ? "any work" : "work with " + text;
}

}  // namespace berth::sched
