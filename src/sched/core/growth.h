#pragma once
#include <set>
#include <vector>

#include "sched/core/why.h"
#include "sched/core/world.h"
#include "sched/sla/elastic.h"

namespace berth::sched {

// How running elastic gangs would best use what is idle and waited for by nobody; see grow(). Of a
// class that is in `waited_for` nothing is given. Whether a larger gang finds a place is not asked
// here. Each ask runs: its holder is known by its id.
std::vector<WorkerChange> growth(World& world, const std::vector<const Ask*>& growing,
                                 const std::set<DeviceClass>& waited_for, Instant now);

// With how many workers to try an elastic gang that does not start with all: as many as there are
// devices for, then fewer in ever larger steps, and last the least that it wants.
std::vector<size_t> fewer_workers(const Ask& ask, const Alternative& wants, const Stock& stock);

}  // namespace berth::sched
