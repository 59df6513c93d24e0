#pragma once
#include <string>

#include "api/inferenceendpoint.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"

// The Service of an endpoint: its name, and behind it the routers of its namespace.
namespace berth::control {

inline constexpr int kRestPort = 80;
inline constexpr int kGrpcPort = 8081;

// Owned by the endpoint.
Json endpoint_service(const api::InferenceEndpoint& endpoint);
// Whether that Service is the endpoint's own and not a namesake.
bool is_service_of(const api::InferenceEndpoint& endpoint, const ObjectMeta& service);

std::string rest_url(const api::InferenceEndpoint& endpoint);  // "http://fraud.risk.svc"
std::string grpc_url(const api::InferenceEndpoint& endpoint);  // "grpc://fraud.risk.svc:8081"

}  // namespace berth::control
