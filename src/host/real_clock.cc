#include "host/real_clock.h"

namespace berth::host {

Instant RealClock::now() const {
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

Monotonic RealClock::monotonic() const {
  return std::chrono::time_point_cast<Millis>(std::chrono::steady_clock::now());
}

}  // namespace berth::host
