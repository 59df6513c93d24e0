#pragma once
#include <chrono>
#include <cstdint>

#include "sim/scale/scale.h"

namespace berth::sim::scale {

struct Steady {
  int64_t placements = 0;             // with those that filled the fleet
  std::chrono::nanoseconds spent{0};  // on those after it was full
};

// Fills a fleet, then ends random work and places new work in turn.
Steady measure_placements(const Settings& settings, const Outside& outside);

}  // namespace berth::sim::scale
