#pragma once
#include "kube/fake/call.h"
#include "kube/fake/kinds.h"
#include "kube/fake/refusal.h"
#include "kube/fake/world.h"
#include "kube/transport.h"

namespace berth::kube::fake {

// Answers one request, everything but watches.
Response answer(World& world, const Request& request);

// The subresources of pods that act: POST to /binding and to /eviction.
Response bind_pod(World& world, const Call& call, const Kind& pods, const Request& request);
Response evict_pod(World& world, const Call& call, const Kind& pods, const Request& request);

// GET, PUT and PATCH of /scale.
Response answer_scale(World& world, const Call& call, const Kind& kind, const Request& request);

}  // namespace berth::kube::fake
