#include "kube/fake/pod_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace berth::kube::fake {
namespace {

constexpr int64_t kDefaultGraceSeconds = 30;

const Json& spec_of(const Json& pod) {
  static const Json none = Json::object();
  const auto found = pod.find("spec");
  return found != pod.end() && found->is_object() ? *found : none;
}

std::vector<std::string> gates_of(const Json& pod) {
  std::vector<std::string> names;
  const auto gates = spec_of(pod).find("schedulingGates");
  if (gates == spec_of(pod).end() || !gates->is_array()) return names;
  for (const Json& gate : *gates) names.push_back(gate.value("name", ""));
  return names;
}

// The spec without what may change.
Json fixed_part(const Json& pod, bool gated) {
  Json spec = spec_of(pod);
  for (const char* name : {"activeDeadlineSeconds", "tolerations", "schedulingGates"}) {
    spec.erase(name);
  }
  if (gated) {
    for (const char* name : {"nodeSelector", "affinity"}) spec.erase(name);
  }
  for (const char* list : {"containers", "initContainers"}) {
    if (!spec.contains(list)) continue;
    for (Json& container : spec[list]) container.erase("image");
  }
  return spec;
}

}  // namespace

bool has_gates(const Json& pod) { return !gates_of(pod).empty(); }

std::string node_of(const Json& pod) { return spec_of(pod).value("nodeName", ""); }

void default_pod(Json& fresh) {
  Json& spec = fresh["spec"];
  if (!spec.is_object()) spec = Json::object();
  spec.emplace("terminationGracePeriodSeconds", kDefaultGraceSeconds);
  spec.emplace("restartPolicy", "Always");
  spec.emplace("schedulerName", "default-scheduler");
  fresh["status"] = {{"phase", "Pending"}};
  if (has_gates(fresh)) {
    fresh["status"]["conditions"] = Json::array(
        {{{"type", "PodScheduled"}, {"status", "False"}, {"reason", "SchedulingGated"}}});
  }
}

Violations check_pod(const Json& fresh, const Json* old) {
  if (old == nullptr) {
    if (has_gates(fresh) && !node_of(fresh).empty()) {
      return {{"spec.nodeName", "Forbidden: cannot be set until all schedulingGates are cleared"}};
    }
    return {};
  }
  const auto before = gates_of(*old);
  for (const std::string& gate : gates_of(fresh)) {
    if (std::find(before.begin(), before.end(), gate) == before.end()) {
      return {{"spec.schedulingGates",
               "Forbidden: only deletion is allowed, but found new "
               "scheduling gate '" +
                   gate + "'"}};
    }
  }
  const bool gated = !before.empty();
  if (fixed_part(fresh, gated) != fixed_part(*old, gated)) {
    return {{"spec",
             "Forbidden: pod updates may not change fields other than images, "
             "activeDeadlineSeconds, tolerations"}};
  }
  return {};
}

int64_t grace_seconds(const Json& pod, int64_t asked) {
  const std::string phase = pod.value(Json::json_pointer("/status/phase"), "");
  const bool ended = phase == "Succeeded" || phase == "Failed";
  if (node_of(pod).empty() || ended) return 0;  // nobody has anything to stop
  if (asked >= 0) return asked;
  return spec_of(pod).value("terminationGracePeriodSeconds", kDefaultGraceSeconds);
}

void set_condition(Json& pod, const char* type, const char* status, const char* reason,
                   const std::string& time) {
  Json condition = {{"type", type}, {"status", status}, {"lastTransitionTime", time}};
  if (*reason != '\0') condition["reason"] = reason;
  Json& conditions = pod["status"]["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  for (Json& present : conditions) {
    if (present.value("type", "") != type) continue;
    present = std::move(condition);
    return;
  }
  conditions.push_back(std::move(condition));
}

}  // namespace berth::kube::fake
