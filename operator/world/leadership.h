#pragma once
#include <cstdint>

#include "base/clock.h"

namespace berth::control {

// What follows from having been elected.
struct Leadership {
  int64_t epoch = 0;  // max of all epochs seen, plus one; written on every Quota
  Monotonic lowers_from = Monotonic::max();  // one lease after the first accepted write

  bool may_lower(Monotonic now) const { return now >= lowers_from; }
};

}  // namespace berth::control
