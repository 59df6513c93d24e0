#include "operator/controllers/router/router_objects.h"

#include <nlohmann/json.hpp>

#include "http/router_stop.h"
#include "json/describe.h"
#include "kube/resource.h"
#include "operator/controllers/gpujob/serving_pod.h"
#include "operator/controllers/gpujob/worker_pod.h"
#include "translate/read_json.h"

namespace berth::control {
namespace {

constexpr const char* kTemplateAnnotation = "berth.dev/template";
constexpr const char* kTemplateVersion = "2";  // one more whenever the Deployment changes

Json metadata(const std::string& name_space) {
  return {{"name", kRouterName},
          {"namespace", name_space},
          {"labels", {{kManagedBy, "berth"}, {kRouterLabel, kRouterName}}}};
}

std::string template_of(const RouterSettings& settings) {
  std::string text = std::string(kTemplateVersion) + " " + std::to_string(settings.replicas) + " " +
                     settings.image_pull_policy + " " + settings.image;
  for (const auto& [label, value] : settings.node_selector) {
    text.append(" ").append(label).append("=").append(value);
  }
  return text;
}

Json probe(const char* path, int64_t period_seconds) {
  return {{"httpGet", {{"path", path}, {"port", "metrics"}}}, {"periodSeconds", period_seconds}};
}

Json container(const RouterSettings& settings) {
  return {
      {"name", "router"},
      {"image", settings.image},
      {"imagePullPolicy", settings.image_pull_policy},
      {"ports",
       {{{"name", "http"}, {"containerPort", kServingPort}},
        {{"name", "grpc"}, {"containerPort", kServingGrpcPort}},
        {{"name", "metrics"}, {"containerPort", kRouterMetricsPort}}}},
      {"readinessProbe", probe("/readyz", 2)},
      {"livenessProbe", probe("/healthz", 10)},
      {"resources",
       {{"requests", {{"cpu", "100m"}, {"memory", "64Mi"}}}, {"limits", {{"memory", "512Mi"}}}}},
      {"securityContext",
       {{"allowPrivilegeEscalation", false},
        {"readOnlyRootFilesystem", true},
        {"capabilities", {{"drop", {"ALL"}}}}}}};
}

// On different nodes where there are several.
Json spread() {
  return {{{"maxSkew", 1},
           {"topologyKey", "kubernetes.io/hostname"},
           {"whenUnsatisfiable", "ScheduleAnyway"},
           {"labelSelector", {{"matchLabels", {{kRouterLabel, kRouterName}}}}}}};
}

Json pod_spec(const RouterSettings& settings) {
  return {{"serviceAccountName", kRouterName},
          {"nodeSelector", settings.node_selector},
          {"enableServiceLinks", false},
          {"terminationGracePeriodSeconds", http::kRouterGraceSeconds},
          {"topologySpreadConstraints", spread()},
          {"securityContext",
           {{"runAsNonRoot", true},
            {"runAsUser", 65532},
            {"runAsGroup", 65532},
            {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
          {"containers", {container(settings)}}};
}

}  // namespace

Json router_account(const std::string& name_space) {
  return {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", metadata(name_space)}};
}

Json router_binding(const std::string& name_space) {
  return {
      {"apiVersion", kube::api_version(kube::kRoleBindings)},
      {"kind", "RoleBinding"},
      {"metadata", metadata(name_space)},
      {"roleRef",
       {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", kRouterName}}},
      {"subjects",
       {{{"kind", "ServiceAccount"}, {"name", kRouterName}, {"namespace", name_space}}}}};
}

Json router_deployment(const std::string& name_space, const RouterSettings& settings) {
  Json meta = metadata(name_space);
  meta["annotations"] = {{kTemplateAnnotation, template_of(settings)}};
  return {{"apiVersion", kube::api_version(kube::kDeployments)},
          {"kind", "Deployment"},
          {"metadata", std::move(meta)},
          {"spec",
           {{"replicas", settings.replicas},
            {"selector", {{"matchLabels", {{kRouterLabel, kRouterName}}}}},
            {"strategy", {{"rollingUpdate", {{"maxSurge", 1}, {"maxUnavailable", 0}}}}},
            {"template",
             {{"metadata", {{"labels", {{kManagedBy, "berth"}, {kRouterLabel, kRouterName}}}}},
              {"spec", pod_spec(settings)}}}}}};
}

Result<RouterDeployment> decode_router(const Json& object) {
  RouterDeployment deployment;
  const auto metadata = object.find("metadata");
  if (metadata == object.end()) return Error{Code::Invalid, "metadata: required"};
  BERTH_TRY(decode(*metadata, deployment.meta, Path("metadata")));
  deployment.ready = translate::integer_at(translate::object_at(object, "status"), "readyReplicas");
  return deployment;
}

bool is_up_to_date(const RouterDeployment& deployment, const RouterSettings& settings) {
  const auto made_from = deployment.meta.annotations.find(kTemplateAnnotation);
  return made_from != deployment.meta.annotations.end() &&
         made_from->second == template_of(settings);
}

}  // namespace berth::control
