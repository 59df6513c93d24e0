#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/openb/trace.h"

namespace berth::sim::openb {

struct Settings {
  std::string policy;
  std::vector<uint64_t> seeds;
  int64_t inflate_permille = 1300;
  bool shuffle_names = false;
  bool random_ties = false;
};

// No packing of the pods that have arrived allocates more than this percent of the trace's devices.
using LpBound = std::function<Result<double>(const Trace&, std::span<const Shape> arrived)>;

// What a run needs of the world; each may be left out.
struct Outside {
  std::function<std::chrono::nanoseconds()> cpu_time;       // spent by this process
  std::function<void(int64_t done, int64_t all)> progress;  // pods
  LpBound lp_bound;
};

struct Report {
  // At each arrived demand, in percent of the devices: how much is allocated, in percent, the mean
  // over the seeds; nothing where the demand never came so far.
  std::map<int32_t, std::optional<double>> allocation_percent;
  std::optional<double> sd_at_100;  // of the seeds, n - 1
  int64_t refused_pods = 0;         // over all seeds
  int64_t decisions = 0;            // over all seeds
  // Per second of CPU time inside the policy; nothing without a clock.
  std::optional<int64_t> decisions_per_second;
  std::optional<double> lp_bound_percent_at_100;  // of the first seed's pods
};

// Lets the policy place every seed's pods, one by one, nothing leaves. Errors: Invalid for settings
// that cannot be, Internal when the policy breaks a rule: a node that is full, a wrong device.
Result<Report> run(const Trace& trace, const Settings& settings, const Outside& outside);

}  // namespace berth::sim::openb
