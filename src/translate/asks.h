#pragma once
#include <set>
#include <string>

#include "api/gpujob.h"
#include "sched/core/pass.h"
#include "sched/time/estimates.h"
#include "translate/tenancy.h"

// What waiting work asks of the pass. Pure.
namespace berth::translate {

sched::Ask ask_of(const api::GpuJob& job, const Tenancy& tenancy, const sched::Estimates& known,
                  std::set<sched::NodeId> avoid);

// The placement that a decision gives the next attempt of a job.
api::Placement placement_of(const sched::Admit& admit, int64_t attempt);

}  // namespace berth::translate
