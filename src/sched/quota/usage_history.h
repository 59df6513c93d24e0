#pragma once
#include <cstdint>

#include "base/clock.h"

namespace berth::sched {

// What a tenant has held lately: the average number of devices, where what lies one half-life back
// counts half. It is Kueue's AdmissionFairSharing (KEP-4136) with exact steps, and the usage of
// KAI's time-based fair share:
//
//   average(t) = average(s) * f + devices * (1 - f),   f = 0.5^((t - s) / half_life)
//
// The device-time that it stands for is average * half_life / ln 2.
//
// Integers only: 0.5^x is a product of 48 tabled roots of a half in 62 bits. Each step is within
// 1 unit + 2^-44 of the larger of average and devices, rounded to the nearest, so that splitting a
// span of constant use at k instants changes the result by at most (k + 1) times that (test:
// UsageHistory, SplittingASpanChangesNothingBeyondTheStatedBound).
class UsageHistory {
 public:
  static constexpr int64_t kUnit = 1'000'000;  // micro-devices
  static constexpr int64_t kMostDevices = 1'000'000'000;

  UsageHistory() = default;
  // From what was written down before. More than kMostDevices stays at that.
  UsageHistory(int64_t micro_devices, Instant at);

  // `devices` were held from the last instant until `until`. An earlier `until` changes nothing, as
  // when a wall clock was set back. The first call only sets the instant.
  void add(int64_t devices, Instant until, Millis half_life);

  int64_t micro_devices() const { return micro_devices_; }
  Instant at() const { return at_; }
  bool operator==(const UsageHistory&) const = default;

 private:
  int64_t micro_devices_ = 0;
  Instant at_{};
  bool started_ = false;
};

// `value` * 0.5^(elapsed / half_life), to the nearest; `value` at least 0, below 2^62. A half-life
// of 0 or less forgets at once; time that runs backwards decays nothing.
int64_t decayed(int64_t value, Millis elapsed, Millis half_life);

}  // namespace berth::sched
