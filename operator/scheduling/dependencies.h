#pragma once
#include <optional>
#include <string>

#include "operator/world/stores.h"

namespace berth::control {

// What a job of `dependsOn` still waits for, as a sentence; nothing when all of them completed. A
// dependency that is not there or failed is waited for too: it may be created anew.
std::optional<std::string> waits_for_job(const Stores& stores, const api::GpuJob& job);

}  // namespace berth::control
