#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace berth::slo {

// Requests by latency. `counts` has one more than `upper_ms`: those above the last bound. A bucket
// holds those above the bound before it and at most at its own.
struct LatencyHistogram {
  std::vector<int64_t> upper_ms;  // rising
  std::vector<int64_t> counts;
  bool operator==(const LatencyHistogram&) const = default;
};

// A percentile lies between the bounds of its bucket, and so does the figure: it is taken as if the
// requests of a bucket lay evenly in it. With bounds a quarter apart it is off by a quarter at
// most.
struct Percentile {
  int64_t milliseconds = 0;
  int64_t at_least = 0;
  std::optional<int64_t> at_most;  // absent: above the last bound, which `milliseconds` is
  bool operator==(const Percentile&) const = default;
};

// 9900 basis points is the 99th percentile. Nothing without requests.
std::optional<Percentile> percentile(const LatencyHistogram& histogram, int64_t basis_points);

// Requests above the bound. Nothing where it is not one of the histogram's bounds: then it would be
// a guess, and an objective must not be judged by one.
std::optional<int64_t> late(const LatencyHistogram& histogram, int64_t bound_ms);

}  // namespace berth::slo
