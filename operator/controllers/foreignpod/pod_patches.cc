#include "operator/controllers/foreignpod/pod_patches.h"

#include <nlohmann/json.hpp>

namespace berth::control {
namespace {

constexpr const char* kAffinity = "/spec/affinity";
constexpr const char* kNodeAffinity = "/spec/affinity/nodeAffinity";
constexpr const char* kRequired =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
constexpr const char* kPlanPath = "/metadata/annotations/berth.dev~1plan";
constexpr const char* kClassPath = "/metadata/annotations/berth.dev~1class";

Json op(const char* name, const std::string& path, Json value) {
  return {{"op", name}, {"path", path}, {"value", std::move(value)}};
}

Json tests(const translate::Pod& pod) {
  return {op("test", "/metadata/uid", pod.meta.uid),
          op("test", "/metadata/resourceVersion", pod.meta.resource_version)};
}

Json on_name(const std::string& node) {
  return {{{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}}};
}

void add_pin(const translate::NodeDemands& demands, const std::string& node, Json& operations) {
  for (const size_t place : demands.places) {
    const std::string term =
        std::string(kRequired) + "/nodeSelectorTerms/" + std::to_string(place) + "/matchFields";
    operations.push_back(op("add", term, on_name(node)));
  }
  if (!demands.places.empty()) return;
  const Json required = {{"nodeSelectorTerms", {{{"matchFields", on_name(node)}}}}};
  const Json node_affinity = {{"requiredDuringSchedulingIgnoredDuringExecution", required}};
  switch (demands.depth) {
    case translate::AffinityDepth::Nothing:
      operations.push_back(op("add", kAffinity, {{"nodeAffinity", node_affinity}}));
      return;
    case translate::AffinityDepth::Affinity:
      operations.push_back(op("add", kNodeAffinity, node_affinity));
      return;
    case translate::AffinityDepth::NodeAffinity:
    case translate::AffinityDepth::Required:
      operations.push_back(op("add", kRequired, required));
      return;
  }
}

}  // namespace

// A merge patch: the annotations may not be there yet, which a JSON patch cannot say.
Json plan_patch(const translate::Pod& pod, const std::string& node,
                const std::string& device_class) {
  return {{"metadata",
           {{"uid", pod.meta.uid},
            {"resourceVersion", pod.meta.resource_version},
            {"annotations",
             {{translate::kPlanAnnotation, node}, {translate::kClassAnnotation, device_class}}}}}};
}

Json strip_patch(const translate::Pod& pod) {
  Json operations = tests(pod);
  operations.push_back({{"op", "remove"}, {"path", kPlanPath}});
  if (pod.meta.annotations.contains(std::string(translate::kClassAnnotation))) {
    operations.push_back({{"op", "remove"}, {"path", kClassPath}});
  }
  return operations;
}

Json let_go_patch(const translate::Pod& pod, const std::string& node) {
  Json operations = tests(pod);
  add_pin(pod.demands, node, operations);
  const std::string gate = "/spec/schedulingGates/" + std::to_string(pod.gate_place);
  operations.push_back(op("test", gate + "/name", translate::kGate));
  operations.push_back({{"op", "remove"}, {"path", gate}});
  return operations;
}

}  // namespace berth::control
