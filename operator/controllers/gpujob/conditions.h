#pragma once
#include <string>
#include <string_view>

#include "api/condition.h"
#include "api/gpujob.h"

// Reading conditions of a GpuJob, and the words of its messages.
namespace berth::control {

bool is_true(const api::GpuJobStatus& status, std::string_view type);
std::string message_of(const api::GpuJobStatus& status, std::string_view type);

// "4 nvidia-h200 on a, b and 2 more nodes".
std::string text_of(const api::Placement& placement);

}  // namespace berth::control
