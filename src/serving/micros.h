#pragma once
#include <chrono>

namespace berth::serving {

// Batches are made within a few of them, which base/clock.h is too coarse for.
using Micros = std::chrono::microseconds;
using MicroTime = std::chrono::time_point<std::chrono::steady_clock, Micros>;  // never steps

}  // namespace berth::serving
