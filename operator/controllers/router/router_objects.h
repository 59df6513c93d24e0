#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "json/json_fwd.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"

// What berth-router needs in a namespace that has InferenceEndpoints: an account that may read
// those endpoints and the namespace's pods, and a Deployment. All three have one name.
namespace berth::control {

inline constexpr const char* kRouterLabel = "app.kubernetes.io/name";
inline constexpr int kRouterMetricsPort = 9090;

Json router_account(const std::string& name_space);
// To the ClusterRole of the same name, which the chart installs.
Json router_binding(const std::string& name_space);
Json router_deployment(const std::string& name_space, const RouterSettings& settings);

Result<RouterDeployment> decode_router(const Json& object);

// Whether it is one of ours that runs what the settings say.
bool is_up_to_date(const RouterDeployment& deployment, const RouterSettings& settings);

}  // namespace berth::control
