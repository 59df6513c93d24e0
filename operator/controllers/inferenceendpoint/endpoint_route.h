#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "api/condition.h"
#include "api/inferenceendpoint.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"

// The HTTPRoute of an endpoint: how requests come from a Gateway to the Service of its name. gRPC
// is a rule of the same route: of an HTTPRoute and a GRPCRoute with one hostname a Gateway has to
// refuse one.
namespace berth::control {

struct RouteFacts {
  const GatewaySettings& gateway;
  RouteApi api = RouteApi::Unknown;
  const Route* route = nullptr;  // of the endpoint's name, whosever it is
};

enum class RouteAction { None, Create, Correct, Remove };

// Owned by the endpoint.
Json endpoint_route(const api::InferenceEndpoint& endpoint, const GatewaySettings& gateway);
// Brings the route that is there to what endpoint_route() says: a merge patch.
Json route_correction(const api::InferenceEndpoint& endpoint, const Route& route,
                      const GatewaySettings& gateway);
// Whether that route is the endpoint's own and not a namesake.
bool is_route_of(const api::InferenceEndpoint& endpoint, const ObjectMeta& route);
Result<Route> decode_route(const Json& object);

// The host that the Gateway knows the endpoint by; empty where the path alone leads there.
std::string outside_host(const api::InferenceEndpoint& endpoint, const GatewaySettings& gateway);

RouteAction plan_route(const api::InferenceEndpoint& endpoint, const RouteFacts& facts);

inline constexpr const char* kExposed = "Exposed";       // the condition
inline constexpr std::string_view kPending = "Pending";  // its reason while the Gateway is asked

// Whether the Gateway leads to the endpoint.
struct Exposure {
  api::ConditionStatus status = api::ConditionStatus::False;
  std::string_view reason;
  std::string message;
};
// Nothing while nothing is known.
std::optional<Exposure> exposure(const api::InferenceEndpoint& endpoint, const RouteFacts& facts);

}  // namespace berth::control
