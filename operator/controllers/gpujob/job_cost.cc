#include "operator/controllers/gpujob/job_cost.h"

#include <algorithm>

#include "base/saturating.h"

namespace berth::control {
namespace {

constexpr int64_t kMillisPerHour = 3'600'000;

int64_t cost_of(Millis span, int64_t per_hour) {
  const __int128 cost =
      static_cast<__int128>(std::max<int64_t>(0, span.count())) * per_hour / kMillisPerHour;
  return static_cast<int64_t>(std::min<__int128>(cost, kUnlimited));
}

// Of the attempt that goes on.
int64_t running_cost(const api::GpuJobStatus& status, std::optional<int64_t> per_hour,
                     Instant now) {
  const bool is_booked = !status.attempts.empty() && status.placement &&
                         status.attempts.back().attempt == status.placement->attempt;
  if (!status.placement || !status.admitted_at || is_booked) return 0;
  return cost_of(now - *status.admitted_at, per_hour.value_or(0));
}

}  // namespace

int64_t micro_usd_spent(const api::GpuJob& job, std::optional<int64_t> per_hour, Instant now) {
  const int64_t booked = job.status.cost ? job.status.cost->micro_usd : 0;
  return add_saturating(booked, running_cost(job.status, per_hour, now));
}

std::optional<Instant> spent_at(const api::GpuJob& job, std::optional<int64_t> per_hour,
                                Instant now) {
  const auto& most = job.spec.limits.max_micro_usd;
  if (!most || per_hour.value_or(0) == 0) return std::nullopt;
  const int64_t left = std::max<int64_t>(0, *most - micro_usd_spent(job, per_hour, now));
  const __int128 span = (static_cast<__int128>(left) * kMillisPerHour + *per_hour - 1) / *per_hour;
  constexpr __int128 kAges = 100LL * 365 * 24 * kMillisPerHour;
  if (span > kAges) return std::nullopt;
  return now + Millis{static_cast<int64_t>(span)};
}

void book_cost(api::GpuJobStatus& status, std::optional<int64_t> per_hour, int64_t lost,
               Instant now) {
  if (!per_hour || !status.placement || !status.admitted_at) return;
  int64_t devices = 0;
  for (const api::PlacedWorker& worker : status.placement->workers) {
    devices = add_saturating(devices, worker.count);
  }
  api::JobCost cost = status.cost.value_or(api::JobCost{});
  cost.micro_usd = add_saturating(cost.micro_usd, running_cost(status, per_hour, now));
  const Millis lost_span = std::chrono::seconds(lost / std::max<int64_t>(1, devices));
  cost.micro_usd_lost = add_saturating(cost.micro_usd_lost, cost_of(lost_span, *per_hour));
  status.cost = cost;
}

}  // namespace berth::control
