#pragma once
#include <optional>
#include <string>
#include <vector>

#include "api/gpujob.h"
#include "base/clock.h"
#include "translate/pools.h"
#include "translate/tenancy.h"

namespace berth::cli {

// A GpuJob that waits, and its place among those of its tenant.
struct WaitingJob {
  const api::GpuJob* job = nullptr;
  std::optional<std::string> quota;  // nothing: no Quota pays for its namespace
  int64_t position = 0;              // 1 is the tenant's next
};

// By tenant, those without one last, and in each in the order of the pass: see sched::sort_asks().
std::vector<WaitingJob> waiting_jobs(const std::vector<api::GpuJob>& jobs,
                                     const translate::Tenancy& tenancy,
                                     const translate::Pools& pools, Instant now);

// "2 x 8 nvidia-h200 or 2 x 16 nvidia-l4"
std::string wants_text(const api::GpuJobSpec& spec);

std::string waiting_json(const std::vector<WaitingJob>& jobs, Instant now);
std::string waiting_table(const std::vector<WaitingJob>& jobs, Instant now);

}  // namespace berth::cli
