#pragma once
#include <vector>

#include "cli/live/facts.h"
#include "sched/explain/scene.h"

namespace berth::cli {

// What the operator's next pass would decide from. Who holds is called "gpujob/NAMESPACE/NAME" or
// "pod/NAMESPACE/NAME".
sched::Scene scene_of(const Live& live, Instant now);

// The jobs that run, as if they asked for what they have, and for nothing else.
std::vector<sched::Ask> asked_again(const Live& live);

}  // namespace berth::cli
