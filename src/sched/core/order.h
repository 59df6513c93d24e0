#pragma once
#include <vector>

#include "sched/core/world.h"

namespace berth::sched {

// The asks in the order in which they are decided.
void sort_asks(const World& world, Instant now, std::vector<const Ask*>& asks);

// The latest instant at which it can start and still get the share of device time that its tier
// promises, over its whole life: a job of one hour that is promised half may wait one hour. Work
// without a promise is never late.
Instant latest_start(const World& world, const Ask& ask);

}  // namespace berth::sched
