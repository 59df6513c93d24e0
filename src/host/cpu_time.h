#pragma once
#include <chrono>

namespace berth::host {

// CPU time that this process has spent so far, all threads together.
std::chrono::nanoseconds cpu_time();

}  // namespace berth::host
