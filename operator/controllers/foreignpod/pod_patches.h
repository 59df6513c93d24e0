#pragma once
#include <string>

#include "json/json_fwd.h"
#include "translate/pod.h"

// The three JSON patches that the operator makes on gated pods. All test the uid and the version
// that was decided on, so a pod that changed meanwhile is looked at again.
namespace berth::control {

Json plan_patch(const translate::Pod& pod, const std::string& node,
                const std::string& device_class);
Json strip_patch(const translate::Pod& pod);
// Pins the pod to the node in every non-empty term of its required affinity (Kubernetes lets a
// gated pod's affinity only grow tighter) and takes off Berth's gate.
Json let_go_patch(const translate::Pod& pod, const std::string& node);

}  // namespace berth::control
