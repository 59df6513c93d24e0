#include "operator/controllers/inferenceendpoint/endpoint_service.h"

#include <nlohmann/json.hpp>

#include "operator/controllers/gpujob/serving_pod.h"
#include "operator/controllers/gpujob/worker_pod.h"
#include "operator/controllers/router/router_objects.h"
#include "runtime/ownership.h"

namespace berth::control {
namespace {

std::string host_of(const api::InferenceEndpoint& endpoint) {
  return endpoint.meta.name + "." + endpoint.meta.name_space + ".svc";
}

}  // namespace

Json endpoint_service(const api::InferenceEndpoint& endpoint) {
  return {
      {"apiVersion", "v1"},
      {"kind", "Service"},
      {"metadata",
       {{"name", endpoint.meta.name},
        {"namespace", endpoint.meta.name_space},
        {"labels", {{kManagedBy, "berth"}, {kEndpointLabel, endpoint.meta.name}}},
        {"ownerReferences", {runtime::owner_reference(kube::kInferenceEndpoints, endpoint.meta)}}}},
      {"spec",
       {{"selector", {{kRouterLabel, kRouterName}}},
        {"ports",
         {{{"name", "http"}, {"port", kRestPort}, {"targetPort", "http"}},
          {{"name", "grpc"},
           {"port", kGrpcPort},
           {"targetPort", "grpc"},
           {"appProtocol", "kubernetes.io/h2c"}}}}}}};
}

bool is_service_of(const api::InferenceEndpoint& endpoint, const ObjectMeta& service) {
  return runtime::controller_uid(service, kube::kInferenceEndpoints) == endpoint.meta.uid;
}

std::string rest_url(const api::InferenceEndpoint& endpoint) {
  return "http://" + host_of(endpoint);
}

std::string grpc_url(const api::InferenceEndpoint& endpoint) {
  return "grpc://" + host_of(endpoint) + ":" + std::to_string(kGrpcPort);
}

}  // namespace berth::control
