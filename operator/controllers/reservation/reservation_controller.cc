#include "operator/controllers/reservation/reservation_controller.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/codec.h"
#include "operator/controllers/reservation/reservation_plan.h"
#include "operator/world/status_write.h"

namespace berth::control {

runtime::Next ReservationController::reconcile(const runtime::ObjectKey& key,
                                               runtime::Writes writes) {
  const api::Reservation* reservation = stores_.reservations.find(key);
  if (reservation == nullptr || reservation->meta.deletion) return {};
  const sched::ReservationPlan* plan = desk_.plan(reservation->meta.uid);
  if (plan == nullptr) return {};
  api::Reservation wanted = *reservation;
  wanted.status = decide({*reservation, *plan, clock_.now()});
  if (wanted.status == reservation->status) return {};
  writes.send(status_write(kube::kReservations, reservation->meta, api::to_json(wanted)),
              [this, before = *reservation](Json&& reply) {
                auto stored = api::from_json<api::Reservation>(reply);
                if (!stored) return;
                tell(before, stored->status);
                stores_.reservations.upsert(*std::move(stored));
              });
  return {};
}

// One event per condition that turned.
void ReservationController::tell(const api::Reservation& before,
                                 const api::ReservationStatus& now) {
  for (const std::string_view type : {"Ready", "Active", "Short", "Expired"}) {
    const api::Condition* is = api::find_condition(now.conditions, type);
    const api::Condition* was = api::find_condition(before.status.conditions, type);
    if (is == nullptr || (was != nullptr && was->status == is->status)) continue;
    const bool is_bad = (type == "Ready" && !is->is_true() && is->reason != "Expired") ||
                        (type == "Short" && is->is_true());
    recorder_.record({.regarding = runtime::regarding(kube::kReservations, before.meta),
                      .type = is_bad ? runtime::EventType::Warning : runtime::EventType::Normal,
                      .reason = is->reason,
                      .action = "Reserve",
                      .note = is->message});
  }
}

}  // namespace berth::control
