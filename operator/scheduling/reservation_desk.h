#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/nominations.h"
#include "operator/scheduling/world_feed.h"
#include "operator/world/stores.h"
#include "sched/core/book_reservations.h"

namespace berth::control {

// Reservations on their way through the pass: before each one they are planned anew, the world is
// told what is booked, the books what active ones are charged, and work that is in the way of a
// start is asked to go in time.
//
// All that has to outlive a crash is in their status: a new leader goes on from the window and the
// nodes that are written there.
class ReservationDesk {
 public:
  ReservationDesk(Stores& stores, Books& books, WorldFeed& feed);
  ReservationDesk(const ReservationDesk&) = delete;
  ReservationDesk& operator=(const ReservationDesk&) = delete;

  // Its plan is another.
  std::function<void(const runtime::ObjectKey&)> wake;
  // A job has to give way.
  std::function<void(const std::string& job_uid)> ask_to_go;

  // Plans everything as of now. Returns when to call again at the latest.
  std::optional<Instant> book(Instant now);

  const sched::ReservationPlan* plan(const std::string& uid) const;
  std::optional<GivesWay> gives_way(const std::string& job_uid) const;

 private:
  void on_reservation(const api::Reservation* before, const api::Reservation* after);
  void charge(const sched::ReservationPlan& plan, Instant now);
  void drain(const std::vector<sched::Drain>& drains);

  Stores& stores_;
  Books& books_;
  WorldFeed& feed_;
  std::map<std::string, sched::ReservationPlan> plans_;  // by UID
  Instant booked_at_ = Instant::min();                   // when they were made
  std::map<std::string, GivesWay> going_;                // by the job's UID
};

}  // namespace berth::control
