#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "json/json_fwd.h"
#include "operator/extender/view.h"

// Pods, plans and calls for tests, as short as they can be said.
namespace berth::extender::testing {

inline const translate::Accelerators kAccelerators{{"nvidia.com/gpu", "amd.com/gpu"}};

// A pod without owner and without accelerators.
inline Json plain_pod(const std::string& name_space, const std::string& name) {
  return {{"metadata", {{"name", name}, {"namespace", name_space}, {"uid", "uid-of-" + name}}},
          {"spec", {{"schedulerName", "berth"}, {"containers", {{{"name", "c"}}}}}},
          {"status", Json::object()}};
}

// A worker pod of GpuJob `job`, whose uid is "uid-of-JOB".
inline Json worker_pod(const std::string& name_space, const std::string& job,
                       const std::string& name) {
  Json pod = plain_pod(name_space, name);
  pod["metadata"]["ownerReferences"] = {{{"apiVersion", "berth.dev/v1alpha1"},
                                         {"kind", "GpuJob"},
                                         {"name", job},
                                         {"uid", "uid-of-" + job},
                                         {"controller", true}}};
  return pod;
}

inline Json with_devices(Json pod, int count, const std::string& resource = "nvidia.com/gpu") {
  pod["spec"]["containers"][0]["resources"] = {{"limits", {{resource, std::to_string(count)}}}};
  return pod;
}

// As admission pins an ungated foreign pod.
inline Json pinned(Json pod, const std::string& node) {
  const Json field = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}};
  const Json term = {{"matchFields", Json::array({field})}};
  const char* const required = "requiredDuringSchedulingIgnoredDuringExecution";
  pod["spec"]["affinity"]["nodeAffinity"][required]["nodeSelectorTerms"] = Json::array({term});
  return pod;
}

inline Json bound(Json pod, const std::string& node) {
  pod["spec"]["nodeName"] = node;
  return pod;
}

inline std::string filter_body(const Json& pod, const std::vector<std::string>& nodes) {
  return Json{{"Pod", pod}, {"Nodes", nullptr}, {"NodeNames", nodes}}.dump();
}

inline std::string binding_body(const Json& pod, const std::string& node) {
  const Json& meta = pod["metadata"];
  return Json{{"PodName", meta["name"]},
              {"PodNamespace", meta["namespace"]},
              {"PodUID", meta["uid"]},
              {"Node", node}}
      .dump();
}

inline PodFacts facts(const Json& pod) {
  return facts_of(*translate::decode_pod(pod, kAccelerators), kAccelerators);
}

// A plan of GpuJob `name` with one worker of `devices` devices on each of `nodes`.
inline Plan plan(const std::string& name_space, const std::string& name, int64_t attempt,
                 const std::vector<std::string>& nodes, int64_t devices = 1) {
  Plan made{.uid = "uid-of-" + name, .name_space = name_space, .name = name, .attempt = attempt};
  for (const std::string& node : nodes) made.workers.push_back({node, devices});
  return made;
}

}  // namespace berth::extender::testing
