#pragma once
#include <cstdint>
#include <optional>

#include "api/gpujob.h"
#include "base/clock.h"

// What a job costs: its devices at the price of their pools, from admission to the end of the
// attempt. Pure. `per_hour` is that of the whole placement, in micro-dollars; nothing: not known.
namespace berth::control {

// Over all attempts, the current one included.
int64_t micro_usd_spent(const api::GpuJob& job, std::optional<int64_t> per_hour, Instant now);

// When limits.maxMicroUsd will be spent; nothing where it will not be, or nobody knows.
std::optional<Instant> spent_at(const api::GpuJob& job, std::optional<int64_t> per_hour,
                                Instant now);

// Books the attempt that ends at `now`, of which so many device-seconds are lost. Without a price
// it is booked at nothing.
void book_cost(api::GpuJobStatus& status, std::optional<int64_t> per_hour, int64_t lost,
               Instant now);

}  // namespace berth::control
