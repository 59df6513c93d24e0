#pragma once
#include <chrono>

namespace berth {

using Millis = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Millis>;  // wall time, for people and for wires
using Monotonic = std::chrono::time_point<std::chrono::steady_clock,
                                          Millis>;  // never steps; for deadlines and backoff

// The only way code below main() learns the time. The real one is host/real_clock.h.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual Monotonic monotonic() const = 0;
};

// A clock that moves when told to, for tests and simulations.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start = Instant{}) : now_(start) {}
  Instant now() const override { return now_; }
  Monotonic monotonic() const override { return monotonic_; }
  void advance(Millis by) {
    now_ += by;
    monotonic_ += by;
  }
  void step_wall(Millis by) { now_ += by; }  // as NTP would; monotonic time does not move

 private:
  Instant now_;
  Monotonic monotonic_{};
};

}  // namespace berth
