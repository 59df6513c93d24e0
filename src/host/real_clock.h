#pragma once
#include "base/clock.h"

namespace berth::host {

// The machine's clocks.
class RealClock final : public Clock {
 public:
  Instant now() const override;
  Monotonic monotonic() const override;
};

}  // namespace berth::host
