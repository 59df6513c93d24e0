#pragma once
#include "sched/core/book_reservations.h"

namespace berth::sched {

// Adds to `made` who has to give way now for what is booked in it, and when the next ones do.
//
//   on booked nodes   those whose devices the bookings count on, see Agenda::promise()
//   in the quota      the cheapest of the tenant, then of those below the quota that refuses
//
// Each is told its own grace period and a margin before the start, not before.
void add_drains(World& world, Instant now, Bookings& made);

}  // namespace berth::sched
