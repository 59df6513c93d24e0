#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/inferenceendpoint.h"
#include "base/clock.h"
#include "operator/controllers/inferenceendpoint/endpoint_route.h"
#include "operator/controllers/inferenceendpoint/replica_set.h"
#include "operator/controllers/inferenceendpoint/slo_book.h"
#include "operator/world/stores.h"

// What to do about one InferenceEndpoint: a pure function from what is known to what is written.
namespace berth::control {

// How the routers of its namespace stand.
struct RouterFacts {
  bool has_image = false;  // there is one to run
  int64_t ready = 0;
};

struct EndpointFacts {
  ReplicaFacts replicas;
  std::string why_scaled;          // to the number that is desired; empty where nobody decided
  const Named* service = nullptr;  // of the endpoint's name, whosever it is
  RouterFacts router;
  RouteFacts route;
  const SloFacts* slo = nullptr;              // null: as it was
  const api::EndpointCost* cost = nullptr;    // the same
  const api::LearnedLoad* learned = nullptr;  // the same
  std::optional<api::ColdStart> cold_start;
};

struct EndpointPlan {
  ReplicaPlan replicas;
  bool create_service = false;
  RouteAction route = RouteAction::None;
  std::optional<api::InferenceEndpointStatus> status;  // where it is news
};

EndpointPlan decide(const EndpointFacts& facts);

}  // namespace berth::control
