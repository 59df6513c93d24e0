#pragma once
#include "base/clock.h"

namespace berth::control {

// A stretch of time that is charged as one: [from, to).
struct Span {
  Instant from;
  Instant to;
};

// Cuts time into spans. Each is as long as the steady clock says and ends now, so that a wall clock
// that is set moves what is charged to another window but neither loses any nor counts it twice.
class Spans {
 public:
  explicit Spans(const Clock& clock) : clock_(clock) {}

  // Since the last call; of no length at the first.
  Span next() {
    const Instant now = clock_.now();
    const Monotonic mono = clock_.monotonic();
    const Millis passed = until_ == Monotonic::min() ? Millis{0} : mono - until_;
    until_ = mono;
    return {now - passed, now};
  }

 private:
  const Clock& clock_;
  Monotonic until_ = Monotonic::min();
};

}  // namespace berth::control
