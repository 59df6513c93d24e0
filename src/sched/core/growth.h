#pragma once
#include <set>
#include <vector>

#include "sched/core/world.h"
#include "sched/sla/elastic.h"

namespace berth::sched {

// How running elastic gangs would best use what is idle and waited for by nobody; see grow(). Of a
// class that is in `waited_for` nothing is given. Whether a larger gang finds a place is not asked
// here. Each ask runs: its holder is known by its id.
std::vector<WorkerChange> growth(World& world, const std::vector<const Ask*>& growing,
                                 const std::set<DeviceClass>& waited_for, Instant now);

}  // namespace berth::sched
