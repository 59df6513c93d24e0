#pragma once
#include <vector>

#include "json/json_fwd.h"
#include "kube/fake/kinds.h"

// What an API server knows about pods in particular.
namespace berth::kube::fake {

void default_pod(Json& fresh);

// What may change in a pod's spec: images, activeDeadlineSeconds, tolerations; gates may only be
// removed, and nodeSelector and affinity only change while there is one.
Violations check_pod(const Json& fresh, const Json* old);

bool has_gates(const Json& pod);
// spec.nodeName, empty while the pod is not bound.
std::string node_of(const Json& pod);
// Seconds that a pod gets to end when `asked` (below zero: nothing) is asked for.
int64_t grace_seconds(const Json& pod, int64_t asked);
// Adds or replaces the condition of that type.
void set_condition(Json& pod, const char* type, const char* status, const char* reason,
                   const std::string& time);

}  // namespace berth::kube::fake
