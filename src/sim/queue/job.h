#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace berth::sim::queue {

// Jobs are numbered in the order of their submission, so a smaller id has waited longer.
using JobId = int32_t;
using TenantId = int32_t;

// What a scheduler may know of a job before it ends: how long it will run is not in here.
struct VisibleJob {
  std::string name;
  TenantId tenant = 0;
  int64_t devices = 1;  // a gang: all of them, or none
  Instant submitted;    // time zero is that of the trace
  std::string model;    // empty: the trace has none
  std::optional<Instant> deadline;
};

struct Job {
  VisibleJob visible;
  Millis duration{};  // of an undisturbed run on all its devices
};

// What a Quota says of a tenant.
struct Tenant {
  std::string name;
  int64_t weight = 1;
  int64_t guaranteed = 0;
  int64_t borrowing_limit = 0;
  std::optional<int64_t> lending_limit = std::nullopt;  // absent means all
  std::string tier = "Standard";
};

// A tier: what its jobs are promised and what they put up with. The promise is, in every window of
// a job's life, this share of the devices it asked for; the rest is for policies that know tiers.
struct Tier {
  std::string name;
  int64_t device_time_percent = 0;
  Millis window = std::chrono::hours(1);
  int64_t order = 0;  // smaller goes first
  std::optional<Millis> max_queue = std::nullopt;
  bool preemptible = false;
  Millis min_runtime{};  // of an attempt, before it may have to give way
};

// Those that the chart installs, their promises judged by the hour.
inline std::vector<Tier> usual_tiers() {
  constexpr Millis kMinRuntime = std::chrono::minutes(10);
  return {{.name = "Premium", .device_time_percent = 95},
          {.name = "Standard",
           .device_time_percent = 70,
           .order = 10,
           .preemptible = true,
           .min_runtime = kMinRuntime},
          {.name = "Spot", .order = 20, .preemptible = true, .min_runtime = kMinRuntime}};
}

}  // namespace berth::sim::queue
