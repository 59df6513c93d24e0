#pragma once
#include <optional>

#include "api/reservation.h"
#include "sched/core/reservation.h"
#include "translate/tenancy.h"

// Reservations between their objects and the core. Pure.
namespace berth::translate {

sched::Reservation reservation_of(const api::Reservation& reservation, const Tenancy& tenancy);

// What its status says was booked: where a new leader goes on from.
sched::ReservationPlan booked_in(const api::Reservation& reservation, const Tenancy& tenancy);

}  // namespace berth::translate
