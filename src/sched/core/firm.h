#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "sched/core/world.h"

namespace berth::sched {

// Devices of a tenant that give way to nobody, beside one of its reservations.
struct Firm {
  int64_t booked = 0;  // by its other reservations
  int64_t held = 0;    // by its work of tiers that never give way, without a reservation
};

// The most of them at any moment of the window; in one region, or in all for "". Work that is
// surely gone by then does not count, and what uses a reservation at that moment counts with it.
// Cost: O(holders + bookings) for each booking of the tenant that starts in the window.
Firm most_firm(const World& world, const std::map<std::string, ReservationPlan>& plans,
               const Reservation& one, const Occurrence& window, const std::string& region,
               Instant now);

}  // namespace berth::sched
