#pragma once
#include <map>
#include <string>
#include <vector>

#include "sched/core/world.h"

namespace berth::sched {

struct Bookings {
  std::map<std::string, ReservationPlan> plans;  // by UID
  std::vector<Drain> drains;                     // that are due
  // When to ask again at the latest although nothing changed: the next start, end or drain.
  Instant next = Instant::max();
};

// Plans what is wanted on what the world holds, with what it had booked before: a window that is
// booked keeps its nodes, and nobody who comes later is booked in its place. Pure; changes nothing.
//
//   order    what is booked already, the oldest first; then who lost devices; then new ones
//   quota    only what is guaranteed can be promised; and at the start the tree has to grant it
//            beside everybody who is not surely gone by then
//   nodes    those of before, then without making anybody give way, then with it; the tightest
//            node that has room for what is left, else the largest
//   drains   from a grace period and a margin before the start on
//
// A booked window is honoured to the second while nodes and limits stay as they are: whoever
// starts later, starts by Reserved.
// Cost: nodes that are booked x who holds them; for each window that is not booked yet all nodes of
// its class, and once more per release of them where only a start in the future is possible.
Bookings plan_reservations(World& world, const std::vector<Reservation>& wanted, Instant now);

// What every quota is charged at an instant, now included, by all whom it does not find gone and by
// what is booked. Who gives way on demand counts as gone only where `may_drain`.
QuotaTree tree_at(World& world, const std::map<std::string, ReservationPlan>& plans, Instant at,
                  Instant now, bool may_drain);

}  // namespace berth::sched
