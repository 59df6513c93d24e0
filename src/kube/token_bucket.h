#pragma once
#include <algorithm>

#include "base/clock.h"

namespace berth::kube {

// Lets `per_second` things pass on average and `burst` of them at once. Zero per second: no limit.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst)
      : per_ms_(per_second / 1000), burst_(std::max(burst, 1.0)), tokens_(burst_) {}

  // Takes one if there is one.
  bool take(Monotonic now) {
    if (is_unlimited()) return true;
    refill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  bool is_unlimited() const { return per_ms_ <= 0; }

  // As if nothing had ever been taken.
  bool is_full(Monotonic now) const { return tokens_at(now) >= burst_; }

  // How long until take() succeeds; zero when it would now.
  Millis wait(Monotonic now) {
    if (is_unlimited()) return Millis{0};
    refill(now);
    if (tokens_ >= 1) return Millis{0};
    return Millis{static_cast<Millis::rep>((1 - tokens_) / per_ms_) + 1};
  }

 private:
  double tokens_at(Monotonic now) const {
    if (now <= last_) return tokens_;
    return std::min(burst_, tokens_ + per_ms_ * static_cast<double>((now - last_).count()));
  }

  void refill(Monotonic now) {
    tokens_ = tokens_at(now);
    last_ = std::max(last_, now);
  }

  double per_ms_;
  double burst_;
  double tokens_;
  Monotonic last_{};
};

}  // namespace berth::kube
