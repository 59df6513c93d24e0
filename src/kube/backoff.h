#pragma once
#include <cstdint>

#include "base/clock.h"

namespace berth::kube {

// How long to leave something alone after its n-th failure in a row: `first`, doubled each time up
// to `most`, less a jitter of up to half so that many clients do not return at once. The jitter is
// a function of the seed and the count, so a run can be repeated.
struct Backoff {
  Millis first{500};
  Millis most{30'000};

  Millis delay(int failures, uint64_t seed) const;
};

}  // namespace berth::kube
