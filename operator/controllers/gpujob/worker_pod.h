#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "api/gpujob.h"
#include "json/json_fwd.h"
#include "operator/world/settings.h"

namespace berth::control {

inline constexpr std::string_view kJobLabel = "berth.dev/job";  // on its pods: its name
inline constexpr int kStatusPort = 8080;                        // BERTH_PORT
inline constexpr const char* kManagedBy = "app.kubernetes.io/managed-by";

// What a worker's node calls its devices, for example "nvidia.com/gpu".
struct DeviceNames {
  std::string resource;        // of those that the node gives out
  std::string whole_resource;  // of whole ones, where those are shares
};

// The pod of one worker of the placed attempt: pinned to its node, with the gang's rendezvous
// environment and the worker contract (docs/workers.md).
Json worker_pod(const api::GpuJob& job, int64_t index, const DeviceNames& names,
                const Settings& settings);

}  // namespace berth::control
