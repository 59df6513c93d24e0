#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "kube/fake/exchange.h"
#include "kube/fake/objects.h"
#include "kube/fake/patch.h"
#include "kube/fake/pod_rules.h"
#include "kube/fake/reads.h"
#include "kube/fake/writes.h"

namespace berth::kube::fake {
namespace {

std::optional<Refusal> check_binding(const Call& call, const Json& pod, const Json& binding) {
  const std::string uid = text_at(binding, "/metadata/uid");
  if (!uid.empty() && uid != uid_of(pod)) {
    return conflict(call, "Precondition failed: UID in precondition: " + uid +
                              ", UID in object meta: " + uid_of(pod));
  }
  if (is_deleting(pod)) {
    return conflict(call, "pod " + call.name + " is being deleted, cannot be assigned to a host");
  }
  if (const std::string node = node_of(pod); !node.empty()) {
    return conflict(call, "pod " + call.name + " is already assigned to node \"" + node + "\"");
  }
  if (has_gates(pod)) {
    return conflict(call, "pod " + call.name + " has non-empty .spec.schedulingGates");
  }
  return std::nullopt;
}

Json scale_of(const Kind& kind, const Json& object) {
  const Json meta = object.at("metadata");
  Json scale = {{"apiVersion", "autoscaling/v1"},
                {"kind", "Scale"},
                {"metadata", Json::object()},
                {"spec", Json::object()},
                {"status", {{"replicas", 0}}}};
  for (const char* name : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (meta.contains(name)) scale["metadata"][name] = meta[name];
  }
  const Json::json_pointer wanted(kind.scale->spec_replicas);
  if (object.contains(wanted)) scale["spec"]["replicas"] = object[wanted];
  const Json::json_pointer present(kind.scale->status_replicas);
  if (object.contains(present)) scale["status"]["replicas"] = object[present];
  return scale;
}

}  // namespace

Response bind_pod(World& world, const Call& call, const Kind& pods, const Request& request) {
  const ObjectState old = world.storage.find(pods.collection(), {call.name_space, call.name});
  if (!old) return refuse(call, not_found(call));
  const Json binding = Json::parse(request.body, nullptr, false);
  const std::string node = binding.is_object() ? text_at(binding, "/target/name") : std::string();
  if (node.empty()) return refuse(call, bad_request("a binding needs a target"));
  if (const auto refusal = check_binding(call, old->object(), binding)) {
    return refuse(call, *refusal);
  }
  Json bound = old->object();
  bound["spec"]["nodeName"] = node;
  set_condition(bound, "PodScheduled", "True", "", world.time());
  bump_generation(bound);
  world.storage.put(pods.collection(), std::move(bound));
  return success(call, 201, "");
}

Response evict_pod(World& world, const Call& call, const Kind& pods, const Request& request) {
  ObjectState old = world.storage.find(pods.collection(), {call.name_space, call.name});
  if (!old) return refuse(call, not_found(call));
  const Json eviction = Json::parse(request.body, nullptr, false);
  if (!eviction.is_object()) return refuse(call, bad_request("the body is not a JSON object"));
  const Json options = eviction.value("deleteOptions", Json::object());
  const auto deletion = parse_deletion(call, options.dump());
  if (const auto* refusal = std::get_if<Refusal>(&deletion)) return refuse(call, *refusal);
  Json marked = old->object();
  set_condition(marked, "DisruptionTarget", "True", "EvictionByEvictionAPI", world.time());
  old = world.storage.put(pods.collection(), std::move(marked));
  const auto deleted = delete_object(world, call, pods, old, std::get<Deletion>(deletion));
  if (const auto* refusal = std::get_if<Refusal>(&deleted)) return refuse(call, *refusal);
  return success(call, 201, "");
}

Response answer_scale(World& world, const Call& call, const Kind& kind, const Request& request) {
  const ObjectState old = world.storage.find(kind.collection(), {call.name_space, call.name});
  if (!kind.scale) {
    return refuse(call, {404, "NotFound", "the server could not find the requested resource"});
  }
  Json scale = scale_of(kind, old->object());
  if (request.method == Method::Get) return {200, std::nullopt, scale.dump()};
  if (request.method == Method::Patch) {
    auto patched = apply_patch(scale, request.content_type, request.body);
    if (const auto* refusal = std::get_if<Refusal>(&patched)) return refuse(call, *refusal);
    scale = std::get<Json>(std::move(patched));
  } else if (request.method == Method::Put) {
    scale = Json::parse(request.body, nullptr, false);
  }
  const Json::json_pointer replicas("/spec/replicas");
  if (!scale.is_object() || !scale.contains(replicas)) {
    return refuse(call, bad_request("a Scale needs spec.replicas"));
  }
  Json fresh = old->object();
  fresh[Json::json_pointer(kind.scale->spec_replicas)] = scale[replicas];
  const std::string version = text_at(scale, "/metadata/resourceVersion");
  if (!version.empty()) fresh["metadata"]["resourceVersion"] = version;
  const Written written = update_object(world, call, kind, old, std::move(fresh), Part::Object);
  if (const auto* refusal = std::get_if<Refusal>(&written)) return refuse(call, *refusal);
  return {200, std::nullopt, scale_of(kind, std::get<ObjectState>(written)->object()).dump()};
}

}  // namespace berth::kube::fake
