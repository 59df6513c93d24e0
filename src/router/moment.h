#pragma once
#include <chrono>

namespace berth::router {

// Latencies are counted in it, so it is finer than berth::Monotonic.
using Micros = std::chrono::microseconds;
using Moment = std::chrono::time_point<std::chrono::steady_clock, Micros>;

}  // namespace berth::router
