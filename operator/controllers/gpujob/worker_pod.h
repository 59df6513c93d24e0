#pragma once
#include <cstdint>
#include <string>

#include "api/gpujob.h"
#include "json/json_fwd.h"
#include "operator/world/settings.h"

namespace berth::control {

// The pod of one worker of the placed attempt: pinned to its node, with the gang's rendezvous
// environment and the worker contract (docs/workers.md). `resource` is what the node calls the
// devices, for example "nvidia.com/gpu".
Json worker_pod(const api::GpuJob& job, int64_t index, const std::string& resource,
                const Settings& settings);

}  // namespace berth::control
