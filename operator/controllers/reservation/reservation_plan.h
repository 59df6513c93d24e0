#pragma once
#include "api/reservation.h"
#include "base/clock.h"
#include "sched/core/reservation.h"

// What the status of one Reservation should say: a pure function of what is booked.
namespace berth::control {

struct ReservationFacts {
  const api::Reservation& reservation;
  const sched::ReservationPlan& plan;
  Instant now;
};

api::ReservationStatus decide(const ReservationFacts& facts);

}  // namespace berth::control
