#pragma once
#include <optional>
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

// A running elastic gang with fewer workers than it could have asks to grow; nothing otherwise.
std::optional<sched::Ask> growth_ask_of(const api::GpuJob& job, const Tenancy& tenancy,
                                        const sched::Estimates& known);

// The placement that a decision gives the next attempt of a job.
api::Placement placement_of(const sched::Admit& admit, int64_t attempt);

}  // namespace berth::translate
