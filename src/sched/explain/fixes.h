#pragma once
#include <vector>

#include "sched/decision.h"
#include "sched/explain/change.h"

namespace berth::sched {

// A change that starts the workload, and where it would then run.
struct Fix {
  Change change;
  Admit start;
};

// The cheapest changes of each kind that, made alone, let the next pass admit the ask; cheapest
// first, by Change::devices, then in the order of kinds. Each is proved by a run of the pass.
//
// The least of a limit, of workers or of devices is found by halving, which is the least where more
// never helps less; of quotas those on the ask's path are tried from the leaf up until one helps.
// Cost: about 10 passes for every quota on the path, and at most 64 for the jobs that could end.
std::vector<Fix> fixes_for(const Scene& scene, const WorkloadId& id);

}  // namespace berth::sched
