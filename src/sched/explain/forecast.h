#pragma once
#include "sched/explain/scene.h"

namespace berth::sched {

// When the workload starts if nothing is added: passes are run at one expected end after the other,
// each with what the passes before it have started. Instant::max() where no known end leads to it:
// work whose end is not known is taken to run on for ever. At most 128 ends are looked at.
Instant forecast_start(const Scene& scene, const WorkloadId& id);

}  // namespace berth::sched
