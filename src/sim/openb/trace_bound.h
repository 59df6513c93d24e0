#pragma once
#include <span>

#include "base/result.h"
#include "sim/openb/trace.h"

namespace berth::sim::openb {

// packing_bound() of pods that have arrived, on the nodes of their trace: an LpBound. Errors and
// cost as there.
Result<double> bound_percent(const Trace& trace, std::span<const Shape> arrived);

}  // namespace berth::sim::openb
