#include "router/objects.h"

#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "kube/pod_address.h"
#include "runtime/identity.h"

namespace berth::router {
namespace {

constexpr int64_t kDefaultMirrorPercent = 20;  // the first of the default steps

int64_t mirror_percent(const api::InferenceEndpoint& object) {
  if (!object.status.rollout || !object.spec.rollout) return 0;
  const int64_t step = object.status.rollout->step;
  const auto& steps = object.spec.rollout->steps;
  if (steps.empty()) return step == 1 ? kDefaultMirrorPercent : 0;
  if (step < 1 || step > static_cast<int64_t>(steps.size())) return 0;
  return steps[static_cast<size_t>(step - 1)].mirror_percent.value_or(0);
}

// Nothing that is not an object has members.
const Json& member(const Json& json, const char* name) {
  static const Json kNothing = Json::object();
  if (!json.is_object()) return kNothing;
  const auto found = json.find(name);
  return found == json.end() ? kNothing : *found;
}

std::string text_at(const Json& json, const char* name) {
  const Json& text = member(json, name);
  return text.is_string() ? text.get<std::string>() : std::string();
}

bool is_ready(const Json& pod) {
  const Json& conditions = member(member(pod, "status"), "conditions");
  if (!conditions.is_array()) return false;
  for (const Json& condition : conditions) {
    if (text_at(condition, "type") == "Ready") return text_at(condition, "status") == "True";
  }
  return false;
}

}  // namespace

Result<CachedEndpoint> cached_endpoint(const Json& json) {
  const auto object = BERTH_TRY(api::from_json<api::InferenceEndpoint>(json));
  CachedEndpoint cached;
  cached.meta = BERTH_TRY(runtime::identity_of(json));
  cached.endpoint = {.name = object.meta.name,
                     .timeout = Millis(object.spec.worker.request_timeout_milliseconds),
                     .held_max = object.spec.worker.max_queued_requests,
                     .mirror_percent = mirror_percent(object),
                     .slo = object.spec.slo,
                     .routes = object.spec.routes};
  for (const api::VariantStatus& variant : object.status.variants) {
    if (variant.role == Variant::Candidate) {
      cached.endpoint.candidate_percent = variant.weight_percent;
    }
  }
  return cached;
}

Result<CachedPod> cached_pod(const Json& json, ReplicaPorts ports) {
  CachedPod cached;
  cached.meta = BERTH_TRY(runtime::identity_of(json));
  const Json& labels = member(member(json, "metadata"), "labels");
  cached.endpoint = text_at(labels, kEndpointLabel);
  const std::string address = text_at(member(json, "status"), "podIP");
  const bool is_leaving = member(json, "metadata").contains("deletionTimestamp");
  if (cached.endpoint.empty() || is_leaving || !is_ready(json)) return cached;
  if (!kube::is_pod_address(address)) return cached;
  const bool is_candidate = text_at(labels, kVariantLabel) == "Candidate";
  cached.replica = Replica{.id = cached.meta.uid,
                           .address = address,
                           .rest_port = ports.rest,
                           .grpc_port = ports.grpc,
                           .variant = is_candidate ? Variant::Candidate : Variant::Stable};
  return cached;
}

}  // namespace berth::router
