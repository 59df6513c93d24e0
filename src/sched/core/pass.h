#pragma once
#include <vector>

#include "sched/core/shadow.h"
#include "sched/core/world.h"
#include "sched/decision.h"

namespace berth::sched {

// Decides every ask. Pure: the same world, asks and time give the same decisions, byte for byte;
// the world is as before when it returns.
//
//   order      tier, fair share as it would be afterwards, then sort_asks()
//   entitled   tiers, budgets, promises: what it may have at all, see Entitlement
//   quota      guaranteed, borrowed, reclaimed from who has borrowed
//   time       held work keeps the devices that it is going to start on; what is behind it may use
//              them while it is expected to end before that (EASY backfill, Lifka 1995)
//   reserved   what Reservations have booked is seen by their users and by who is gone in time, see
//              Reserved; who names one is placed on it and nowhere else
//   place      all workers at once, where policies let them, see place(), Steering and Fleet
//   preempt    where nothing is free: victims by least lost work, proved by the placement
//
// Asks of the shape of one that was held before in the same pass are held without a second look,
// if they run no shorter, until somebody is preempted: all else only ever takes room.
//
// `notes`, if given, also gets what shadow policies would have changed and which policies were
// overruled, with examples; decisions do not depend on it.
std::vector<Decision> run_pass(World& world, const std::vector<const Ask*>& asks, Instant now,
                               PassNotes* notes = nullptr);

}  // namespace berth::sched
