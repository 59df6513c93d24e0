#pragma once

// The device class of tests for which any would do.
namespace berth::control {

inline constexpr const char* kH200 = "nvidia-h200";

}  // namespace berth::control
