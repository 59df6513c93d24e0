#pragma once
#include <chrono>
#include <vector>

#include "sim/scale/scale.h"

namespace berth::sim::scale {

// CPU time of scheduling passes over all that waits in a cluster that is full but for one node,
// another one each time.
std::vector<std::chrono::nanoseconds> measure_passes(const Settings& settings,
                                                     const Outside& outside);

}  // namespace berth::sim::scale
