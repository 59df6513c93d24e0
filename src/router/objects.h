#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "router/route_table.h"

// What the router keeps of the objects that it watches.
namespace berth::router {

inline constexpr char kEndpointLabel[] = "berth.dev/endpoint";
inline constexpr char kVariantLabel[] = "berth.dev/variant";

struct CachedEndpoint {
  ObjectMeta meta;
  Endpoint endpoint;  // without replicas

  bool operator==(const CachedEndpoint&) const = default;
};

struct CachedPod {
  ObjectMeta meta;
  std::string endpoint;            // by its label
  std::optional<Replica> replica;  // while it is ready, has an address and is not being deleted
};

struct ReplicaPorts {
  uint16_t rest = 8080;
  uint16_t grpc = 8081;
};

// Errors: Invalid, with the path of the field.
Result<CachedEndpoint> cached_endpoint(const Json& json);
Result<CachedPod> cached_pod(const Json& json, ReplicaPorts ports = {});

}  // namespace berth::router
