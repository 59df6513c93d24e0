#include "translate/reservations.h"

#include "sched/time/profile.h"

namespace berth::translate {

sched::Reservation reservation_of(const api::Reservation& reservation, const Tenancy& tenancy) {
  const api::ReservationSpec& spec = reservation.spec;
  sched::Reservation made{.uid = reservation.meta.uid,
                          .name = reservation.meta.name_space + "/" + reservation.meta.name,
                          .quota = {},
                          .device_class = spec.device_class,
                          .count = spec.count,
                          .cells = {},
                          .when = {},
                          .duration = std::chrono::seconds(spec.duration_seconds),
                          .allow_backfill = spec.allow_backfill,
                          .created = reservation.meta.creation.value_or(Instant{})};
  if (const sched::QuotaId* quota = tenancy.find(reservation.meta.name_space)) made.quota = *quota;
  if (spec.cell) {
    made.cells = sched::Cells{spec.cell->level, spec.cell->count, spec.cell->devices_per_cell};
  }
  if (!spec.start) return made;
  made.when = sched::Recurring{.start = *spec.start, .duration = made.duration, .until = {}};
  if (!spec.recurrence) return made;
  made.when->every =
      spec.recurrence->every == api::RecurrenceUnit::Day ? sched::Every::Day : sched::Every::Week;
  made.when->until = spec.recurrence->until;
  for (const api::Weekday day : spec.recurrence->weekdays) {
    made.when->weekdays |= static_cast<uint8_t>(1U << static_cast<unsigned>(day));
  }
  return made;
}

sched::ReservationPlan booked_in(const api::Reservation& reservation, const Tenancy& tenancy) {
  const api::ReservationStatus& status = reservation.status;
  sched::ReservationPlan plan{.facts = reservation_of(reservation, tenancy)};
  const bool is_of_this_spec = status.observed_generation == reservation.meta.generation;
  if (!is_of_this_spec || !status.next_start || !status.next_end) return plan;
  plan.window = sched::Occurrence{*status.next_start, *status.next_end};
  const api::Condition* expired = api::find_condition(status.conditions, "Expired");
  plan.is_expired = expired != nullptr && expired->is_true();
  if (plan.is_expired || status.nodes.empty() || !plan.facts.quota) return plan;
  sched::Booking booking{*plan.window, {}};
  for (const api::ReservedNode& node : status.nodes) {
    booking.devices[{node.cluster, node.node}] += node.count;
  }
  plan.bookings.push_back(std::move(booking));
  return plan;
}

}  // namespace berth::translate
