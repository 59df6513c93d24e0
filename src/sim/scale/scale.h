#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"

namespace berth::sim::scale {

struct Settings {
  int32_t nodes = 0;
  int32_t devices_per_node = 8;
  int32_t fill_percent = 90;
  uint64_t seed = 42;
  int64_t placements = 200'000;  // measured after the fleet is full
  int32_t asks = 10'000;         // that wait in the measured passes
  int32_t passes = 50;
};

// What a run needs of the world; each may be left out.
struct Outside {
  std::function<std::chrono::nanoseconds()> cpu_time;       // spent by this process
  std::function<int64_t()> resident_bytes;                  // held by this process at most
  std::function<void(int64_t done, int64_t all)> progress;  // placements
};

struct Report {
  int64_t nodes = 0;
  int64_t placements = 0;  // those that filled the fleet, and those measured
  // Of CPU time, steady: random work ends, and new work is placed.
  std::optional<int64_t> decisions_per_second;
  std::optional<double> pass_ms_p50;  // of one pass over all that waits, after one change
  std::optional<double> pass_ms_p99;
  std::optional<int64_t> rss_mib;
};

// How the cost of a decision grows with the cluster. Nodes of three device classes and three sizes
// of CPU, without racks; workers of 1, 2, 4 and 8 devices and shares of one. First the Fleet alone,
// then a World whose nodes are all taken, with work that waits: before each pass one node falls
// free. Same settings, same decisions. Errors: Invalid for settings that cannot be.
Result<Report> run(const Settings& settings, const Outside& outside);

}  // namespace berth::sim::scale
