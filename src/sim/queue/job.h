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

// The promise of a tier: in every window of a job's life this share of the devices it asked for.
struct Tier {
  std::string name;
  int64_t device_time_percent = 0;
  Millis window = std::chrono::hours(1);
};

}  // namespace berth::sim::queue
