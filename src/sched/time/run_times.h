#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace berth::sched {

// How long runs took, on a log scale: bucket 0 is below one second, each further one 2^(1/5)
// = 1.149 times as long as the one before it, the last holds everything from 1.4 years on. Old runs
// fade: after `half_life` newer ones a run counts half. Half a kilobyte whatever it has seen.
class RunTimes {
 public:
  static constexpr size_t kBuckets = 128;
  // Weight by bucket; what quantiles are read from.
  using Spread = std::array<uint64_t, kBuckets>;

  void learn(Millis ran, int64_t half_life);

  // How many runs beyond `already` it knows, in thousandths, faded ones for what they still count.
  int64_t known_milli(Millis already) const;
  // Adds how those runs spread over the buckets, so that the whole adds about `weight` (< 2^32).
  void add_to(Spread& spread, Millis already, uint64_t weight) const;

  static size_t bucket_of(Millis ran);
  static Millis lower_edge(size_t bucket);
  static Millis upper_edge(size_t bucket);
  // The run time that a share of `basis_points` of the spread's weight stays below, given that it
  // is beyond `already`. The spread has weight only beyond it.
  static Millis quantile(const Spread& spread, Millis already, int64_t basis_points);

 private:
  // The part of a bucket's weight that lies beyond `already`, taking it as spread evenly.
  uint64_t beyond(size_t bucket, Millis already) const;

  std::array<uint32_t, kBuckets> weights_{};
  uint32_t newest_ = kFirst;  // what the newest run weighs: growth here is fading of all others
  static constexpr uint32_t kFirst = 1U << 12U;
};

}  // namespace berth::sched
