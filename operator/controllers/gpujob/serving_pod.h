#pragma once
#include "api/gpujob.h"
#include "json/json_fwd.h"

namespace berth::control {

inline constexpr const char* kEndpointLabel = "berth.dev/endpoint";  // on replicas and their pods
inline constexpr int kServingPort = 8080;                            // REST and metrics
inline constexpr int kServingGrpcPort = 8081;

// Makes the pod of a worker that of a replica: it has the model, the serving part of the worker
// contract (docs/workers.md), is ready once it answers, and may finish its requests when told to
// stop.
void make_replica(const api::Replica& replica, Json& pod);

}  // namespace berth::control
