#pragma once
#include <string>

#include "operator/controllers/gpujob/attempt.h"
#include "operator/controllers/gpujob/gpujob_plan.h"

// From the end of an attempt to the devices given back, and what all states of a plan share. Pure.
namespace berth::control {

bool is_live(const translate::Pod* pod);
bool any_live(const JobFacts& facts);
// The pods of the placed attempt by index, nullptr where there is none.
std::vector<const translate::Pod*> current_workers(const JobFacts& facts);
// Asks for the end of every worker that has not ended and was not asked yet.
void delete_live_pods(const JobFacts& facts, JobPlan& plan);
void write_if_changed(const JobFacts& facts, api::GpuJobStatus status, JobPlan& plan);

// Writes down that the placed attempt is over and why, before any pod is touched. The devices are
// given back by the same write only where every worker was seen to be done: one that was not seen
// may run, and is let run no more only once the end is stored.
JobPlan end_attempt(const JobFacts& facts, EndCause cause, const std::string& message);
// Of an attempt that is_ending: stops what still runs, then gives the devices back. Where there may
// be a pod that was not seen, the server is asked first.
JobPlan finish_release(const JobFacts& facts);

}  // namespace berth::control
