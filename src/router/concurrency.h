#pragma once
#include <cstdint>

#include "router/moment.h"

namespace berth::router {

// Requests in flight, those held included, and their integral over time: the difference of two
// readings over the time between them is the exact average concurrency. One thread at a time.
class Concurrency {
 public:
  void add(int64_t change, Moment now) {
    settle(now);
    in_flight_ += change;
  }
  void hold(int64_t change) { held_ += change; }

  int64_t in_flight() const { return in_flight_; }
  int64_t held() const { return held_; }
  double request_seconds(Moment now) {
    settle(now);
    return std::chrono::duration<double>(area_).count();
  }

 private:
  // Threads read the clock before they have the lock, so `now` may be a little old.
  void settle(Moment now) {
    if (now <= since_) return;
    if (in_flight_ > 0) area_ += (now - since_) * in_flight_;
    since_ = now;
  }

  int64_t in_flight_ = 0;
  int64_t held_ = 0;
  Micros area_{0};  // requests times microseconds
  Moment since_{};
};

}  // namespace berth::router
