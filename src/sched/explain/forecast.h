#pragma once
#include <cstddef>

#include "sched/explain/scene.h"

namespace berth::sched {

// When the workload starts if nothing is added: passes are run at one expected end after the other,
// each with what the passes before it have started, who has to give way waiting again.
// Instant::max() where no known end leads to it: work whose end is not known is taken to run on for
// ever. At most 128 ends are looked at.
//
// Where the scene has quantiles it is the median over as many futures. In each of them every run
// takes another one of its quantiles, so that some end early and some late as they will, instead of
// all at their medians; over the futures each takes all of its own (a Latin hypercube, McKay et al.
// 1979).
//
// Cost: at most 128 passes for each future.
Instant forecast_start(const Scene& scene, const WorkloadId& id);

// How many futures that is: 1 where the scene has no quantiles.
size_t futures_of(const Scene& scene);

}  // namespace berth::sched
