#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/gpujob.h"
#include "sched/core/pass.h"
#include "sched/time/estimates.h"
#include "translate/pools.h"
#include "translate/tenancy.h"

// What waiting work asks of the pass. Pure.
namespace berth::translate {

// A share that is asked for becomes the shares that the pools name and that have as much, the
// smallest first: those that its Quota lists, and all of them where it lists none.
sched::Ask ask_of(const api::GpuJob& job, const Tenancy& tenancy, const Pools& pools,
                  const sched::Estimates& known, std::set<sched::NodeId> avoid);

// The classes that serve one entry of a job's devices, as asks name them.
std::vector<sched::DeviceClass> classes_of(const api::DeviceAsk& wants, const Pools& pools);

// A running elastic gang with fewer workers than it could have asks to grow; nothing otherwise.
std::optional<sched::Ask> growth_ask_of(const api::GpuJob& job, const Tenancy& tenancy,
                                        const Pools& pools, const sched::Estimates& known);

// The placement that a decision gives the next attempt of a job.
api::Placement placement_of(const sched::Admit& admit, int64_t attempt);

}  // namespace berth::translate
