#pragma once
#include "cli/live/facts.h"
#include "sched/explain/scene.h"

namespace berth::cli {

// What the operator's next pass would decide from. Who holds is called "gpujob/NAMESPACE/NAME" or
// "pod/NAMESPACE/NAME".
sched::Scene scene_of(const Live& live, Instant now);

}  // namespace berth::cli
