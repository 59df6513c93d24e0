#include "operator/controllers/inferenceendpoint/endpoint_route.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "json/describe.h"
#include "kube/resource.h"
#include "operator/controllers/gpujob/serving_pod.h"
#include "operator/controllers/gpujob/worker_pod.h"
#include "operator/controllers/inferenceendpoint/endpoint_service.h"
#include "runtime/ownership.h"
#include "translate/read_json.h"

namespace berth::control {
namespace {

using translate::array_at;
using translate::object_at;
using translate::text_at;

constexpr const char* kEndpointHeader = "berth-endpoint";  // as routers read it
constexpr std::string_view kGrpcServices[] = {"/inference.GRPCInferenceService",
                                              "/grpc.health.v1.Health"};

void put(std::string& text, std::string_view hole, const std::string& value) {
  for (size_t at = text.find(hole); at != std::string::npos; at = text.find(hole, at)) {
    text.replace(at, hole.size(), value);
    at += value.size();
  }
}

// Every field that the definition would fill in is said, so that what is stored is what was said.
Json parent(const GatewaySettings& gateway) {
  Json ref = {{"group", kube::kHttpRoutes.group},
              {"kind", "Gateway"},
              {"namespace", gateway.name_space},
              {"name", gateway.name}};
  if (!gateway.section.empty()) ref["sectionName"] = gateway.section;
  return ref;
}

Json path(std::string_view type, std::string_view value) {
  return {{"path", {{"type", type}, {"value", value}}}};
}

// Where no hostname tells endpoints apart, requests whose path does not either name theirs.
Json named(Json match, const std::string& endpoint) {
  match["headers"] =
      Json::array({{{"type", "Exact"}, {"name", kEndpointHeader}, {"value", endpoint}}});
  return match;
}

Json rest_matches(const std::string& endpoint, bool has_host) {
  const Json model = path("PathPrefix", "/v2/models/" + endpoint);
  if (!has_host) return Json::array({model, named(path("PathPrefix", "/v2"), endpoint)});
  return Json::array({model, path("Exact", "/v2"), path("PathPrefix", "/v2/health")});
}

Json grpc_matches(const std::string& endpoint, bool has_host) {
  Json matches = Json::array();
  for (const std::string_view service : kGrpcServices) {
    const Json match = path("PathPrefix", service);
    matches.push_back(has_host ? match : named(match, endpoint));
  }
  return matches;
}

// Routers do not know the hostname, so the Gateway tells them the endpoint that it stands for.
Json rule(const std::string& endpoint, Json matches, int port) {
  return {
      {"matches", std::move(matches)},
      {"filters",
       {{{"type", "RequestHeaderModifier"},
         {"requestHeaderModifier",
          {{"set", {{{"name", kEndpointHeader}, {"value", endpoint}}}}}}}}},
      {"backendRefs",
       {{{"group", ""}, {"kind", "Service"}, {"name", endpoint}, {"port", port}, {"weight", 1}}}}};
}

Json spec_of(const api::InferenceEndpoint& endpoint, const GatewaySettings& gateway) {
  const std::string& name = endpoint.meta.name;
  const std::string host = outside_host(endpoint, gateway);
  Json spec = {{"parentRefs", {parent(gateway)}},
               {"rules",
                {rule(name, rest_matches(name, !host.empty()), kRestPort),
                 rule(name, grpc_matches(name, !host.empty()), kGrpcPort)}}};
  if (!host.empty()) spec["hostnames"] = Json::array({host});
  return spec;
}

// Whether all that is wanted is there. A later definition may fill in more, which is no difference.
bool covers(const Json& there, const Json& wanted) {
  if (wanted.is_object()) {
    return there.is_object() &&
           std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& field) {
             const auto found = there.find(field.key());
             return found != there.end() && covers(*found, field.value());
           });
  }
  if (!wanted.is_array()) return there == wanted;
  return there.is_array() && there.size() == wanted.size() &&
         std::equal(there.begin(), there.end(), wanted.begin(), covers);
}

bool is_as_wanted(const Route& route, const Json& wanted) {
  const Json spec = Json::parse(route.spec, nullptr, false);
  return array_at(spec, "parentRefs") == wanted["parentRefs"] &&
         array_at(spec, "hostnames") == array_at(wanted, "hostnames") &&
         covers(array_at(spec, "rules"), wanted["rules"]);
}

bool is_refusal(const Json& condition) {
  const std::string type = text_at(condition, "type");
  return (type == "Accepted" || type == "ResolvedRefs") && text_at(condition, "status") != "True";
}

// Only the names of conditions and reasons, which are ASCII and short.
std::string refusal_in(const Json& parent) {
  const Json& conditions = array_at(parent, "conditions");
  const auto refusal = std::find_if(conditions.begin(), conditions.end(), is_refusal);
  if (refusal == conditions.end()) return {};
  return text_at(*refusal, "type") + " is " + text_at(*refusal, "status") + ", " +
         text_at(*refusal, "reason");
}

std::string text_of(const GatewaySettings& gateway) {
  return "Gateway " + gateway.name_space + "/" + gateway.name;
}

Exposure answered(const api::InferenceEndpoint& endpoint, const RouteFacts& facts) {
  const GatewaySettings& gateway = facts.gateway;
  const auto& answers = facts.route->answers;
  const auto answer = std::find_if(answers.begin(), answers.end(), [&](const GatewayAnswer& one) {
    return one.name_space == gateway.name_space && one.name == gateway.name;
  });
  if (answer == answers.end()) {
    return {api::ConditionStatus::Unknown, kPending, text_of(gateway) + " has not answered yet"};
  }
  if (!answer->refusal.empty()) {
    return {api::ConditionStatus::False, "NotAccepted",
            text_of(gateway) + " does not lead here: " + answer->refusal +
                "; the status of HTTPRoute " + endpoint.meta.name + " says more"};
  }
  const std::string host = outside_host(endpoint, gateway);
  return {api::ConditionStatus::True, "Exposed",
          text_of(gateway) + " leads here" + (host.empty() ? "" : " from " + host)};
}

}  // namespace

std::string outside_host(const api::InferenceEndpoint& endpoint, const GatewaySettings& gateway) {
  std::string host = gateway.hostname;
  put(host, "{name}", endpoint.meta.name);
  put(host, "{namespace}", endpoint.meta.name_space);
  return host;
}

Json endpoint_route(const api::InferenceEndpoint& endpoint, const GatewaySettings& gateway) {
  return {
      {"apiVersion", kube::api_version(kube::kHttpRoutes)},
      {"kind", kube::kHttpRoutes.kind},
      {"metadata",
       {{"name", endpoint.meta.name},
        {"namespace", endpoint.meta.name_space},
        {"labels", {{kManagedBy, "berth"}, {kEndpointLabel, endpoint.meta.name}}},
        {"ownerReferences", {runtime::owner_reference(kube::kInferenceEndpoints, endpoint.meta)}}}},
      {"spec", spec_of(endpoint, gateway)}};
}

Json route_correction(const api::InferenceEndpoint& endpoint, const Route& route,
                      const GatewaySettings& gateway) {
  Json spec = spec_of(endpoint, gateway);
  if (!spec.contains("hostnames")) spec["hostnames"] = nullptr;
  return {{"metadata", {{"uid", route.meta.uid}}}, {"spec", std::move(spec)}};
}

bool is_route_of(const api::InferenceEndpoint& endpoint, const ObjectMeta& route) {
  return runtime::controller_uid(route, kube::kInferenceEndpoints) == endpoint.meta.uid;
}

Result<Route> decode_route(const Json& object) {
  Route route;
  const auto metadata = object.find("metadata");
  if (metadata == object.end()) return Error{Code::Invalid, "metadata: required"};
  BERTH_TRY(decode(*metadata, route.meta, Path("metadata")));
  if (runtime::controller_uid(route.meta, kube::kInferenceEndpoints).empty()) return route;
  route.spec = object_at(object, "spec").dump();
  for (const Json& one : array_at(object_at(object, "status"), "parents")) {
    const Json& ref = object_at(one, "parentRef");
    const std::string name_space = text_at(ref, "namespace");
    route.answers.push_back({.name_space = name_space.empty() ? route.meta.name_space : name_space,
                             .name = text_at(ref, "name"),
                             .refusal = refusal_in(one)});
  }
  return route;
}

RouteAction plan_route(const api::InferenceEndpoint& endpoint, const RouteFacts& facts) {
  const Route* route = facts.route;
  if (facts.gateway.name.empty() || facts.api != RouteApi::Listed) return RouteAction::None;
  if (route == nullptr) {
    return facts.gateway.leads_here() ? RouteAction::Create : RouteAction::None;
  }
  if (!is_route_of(endpoint, route->meta) || route->meta.deletion) return RouteAction::None;
  if (!facts.gateway.leads_here()) return RouteAction::Remove;
  return is_as_wanted(*route, spec_of(endpoint, facts.gateway)) ? RouteAction::None
                                                                : RouteAction::Correct;
}

std::optional<Exposure> exposure(const api::InferenceEndpoint& endpoint, const RouteFacts& facts) {
  if (facts.api == RouteApi::Unknown) return std::nullopt;
  if (facts.api == RouteApi::Absent) {
    return Exposure{api::ConditionStatus::False, "NoGatewayApi",
                    "the API server does not serve HTTPRoutes of " +
                        kube::api_version(kube::kHttpRoutes) +
                        ": install the Gateway API, or empty the chart value router.gateway.name"};
  }
  if (facts.route == nullptr) {
    return Exposure{api::ConditionStatus::False, kPending, "its HTTPRoute is being written"};
  }
  if (!is_route_of(endpoint, facts.route->meta)) {
    return Exposure{api::ConditionStatus::False, "NameTaken",
                    "HTTPRoute " + endpoint.meta.name +
                        " of this namespace is somebody else's: rename it or the endpoint"};
  }
  return answered(endpoint, facts);
}

}  // namespace berth::control
