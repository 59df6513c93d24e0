#pragma once
#include "base/clock.h"
#include "operator/scheduling/reservation_desk.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"
#include "runtime/recorder.h"

namespace berth::control {

// Writes what is booked to the status of Reservations, and tells when that is news.
class ReservationController final : public runtime::Reconciler {
 public:
  ReservationController(Stores& stores, const ReservationDesk& desk, runtime::Recorder& recorder,
                        const Clock& clock)
      : stores_(stores), desk_(desk), recorder_(recorder), clock_(clock) {}

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  void tell(const api::Reservation& before, const api::ReservationStatus& now);

  Stores& stores_;
  const ReservationDesk& desk_;
  runtime::Recorder& recorder_;
  const Clock& clock_;
};

}  // namespace berth::control
