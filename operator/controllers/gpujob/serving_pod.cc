#include "operator/controllers/gpujob/serving_pod.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace berth::control {
namespace {

constexpr const char* kModelDir = "/var/run/berth/model";

struct ModelFile {
  std::string claim;  // empty: in the image
  std::string path;   // in the container
};

ModelFile model_file(const std::string& uri) {
  constexpr std::string_view kFile = "file://";
  if (uri.starts_with(kFile)) return {"", uri.substr(kFile.size())};
  const std::string rest = uri.substr(std::string_view("pvc://").size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  return {rest.substr(0, slash), kModelDir + rest.substr(slash)};
}

Json probe(const char* path, int64_t period_seconds, int64_t failures) {
  return {{"httpGet", {{"path", path}, {"port", kServingPort}}},
          {"periodSeconds", period_seconds},
          {"timeoutSeconds", 2},
          {"failureThreshold", failures}};
}

void add_environment(const api::Replica& replica, const ModelFile& model, Json& env) {
  const auto add = [&](const char* name, std::string value) {
    env.push_back({{"name", name}, {"value", std::move(value)}});
  };
  add("BERTH_ENDPOINT", replica.endpoint);
  add("BERTH_MODEL", model.path);
  add("BERTH_MODEL_NAME", replica.model_name);
  if (!replica.model.sha256.empty()) add("BERTH_MODEL_SHA256", replica.model.sha256);
  add("BERTH_MAX_BATCH_SIZE", std::to_string(replica.max_batch_size));
  add("BERTH_MAX_BATCH_DELAY_MICROSECONDS", std::to_string(replica.max_batch_delay_microseconds));
  add("BERTH_MAX_QUEUED_REQUESTS", std::to_string(replica.max_queued_requests));
  add("BERTH_REQUEST_TIMEOUT_MILLISECONDS", std::to_string(replica.request_timeout_milliseconds));
  add("BERTH_SLO_MILLISECONDS", std::to_string(replica.slo_milliseconds));
}

}  // namespace

void make_replica(const api::Replica& replica, Json& pod) {
  const ModelFile model = model_file(replica.model.uri);
  pod["metadata"]["labels"][kEndpointLabel] = replica.endpoint;
  Json& spec = pod["spec"];
  Json& container = spec["containers"][0];
  add_environment(replica, model, container["env"]);
  container["ports"].push_back({{"name", "grpc"}, {"containerPort", kServingGrpcPort}});
  // Often, since a replica that is ready and not known to be is paid for and idle.
  container["readinessProbe"] = probe("/v2/health/ready", 2, 2);
  container["livenessProbe"] = probe("/v2/health/live", 10, 6);
  if (!model.claim.empty()) {
    container["volumeMounts"].push_back(
        {{"name", "model"}, {"mountPath", kModelDir}, {"readOnly", true}});
    spec["volumes"].push_back(
        {{"name", "model"},
         {"persistentVolumeClaim", {{"claimName", model.claim}, {"readOnly", true}}}});
  }
}

}  // namespace berth::control
