#pragma once
#include "cli/live/facts.h"
#include "sched/explain/scene.h"

namespace berth::cli {

// When a running job is expected to end: by its own report, or at the latest by maxRuntimeSeconds.
// Instant::max() where neither is known.
Instant expected_end(const api::GpuJob& job, Instant now);

// What the operator's next pass would decide from. Who holds is called "gpujob/NAMESPACE/NAME" or
// "pod/NAMESPACE/NAME". Nobody is made to give way, as long as no tier
// says who may be.
sched::Scene scene_of(const Live& live, Instant now);

}  // namespace berth::cli
