#include "sched/core/reservation.h"

#include <algorithm>

namespace berth::sched {

int64_t Booking::total() const {
  int64_t sum = 0;
  for (const auto& [node, count] : devices) sum += count;
  return sum;
}

const Booking* ReservationPlan::active(Instant now) const {
  const auto at = std::find_if(bookings.begin(), bookings.end(),
                               [&](const Booking& b) { return b.window.holds(now); });
  return at == bookings.end() ? nullptr : &*at;
}

const Booking* ReservationPlan::current() const {
  const auto at = std::find_if(bookings.begin(), bookings.end(),
                               [&](const Booking& b) { return b.window == window; });
  return at == bookings.end() ? nullptr : &*at;
}

std::string_view name_of(ReservationFault fault) {
  switch (fault) {
    case ReservationFault::Nothing: return "Booked";
    case ReservationFault::Invalid: return "Invalid";
    case ReservationFault::NoQuota: return "NoQuota";
    case ReservationFault::OverQuota: return "OverQuota";
    case ReservationFault::NoSuchDevice: return "NoSuchDevice";
    case ReservationFault::NoCapacity: return "NoCapacity";
  }
  __builtin_unreachable();
}

}  // namespace berth::sched
