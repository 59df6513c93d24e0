#pragma once
#include <string>

#include "api/gpujob.h"
#include "api/slatier.h"
#include "sched/core/world.h"
#include "sched/time/estimates.h"
#include "translate/tenancy.h"

// How long work ran, runs and will run, and what giving way would cost it. Pure.
namespace berth::translate {

sched::Tier tier_of(const api::SlaTier& tier);
// By name; a job that names none has the first of its Quota's, empty when that lists none.
std::string tier_name(const api::GpuJob& job, const Tenancy& tenancy);

// From being told to go until it is gone at the latest.
Millis grace_of(const api::GpuJob& job);
// By what runs are alike: namespace, image, class and devices.
sched::RunKey run_key(const api::GpuJob& job, const sched::DeviceClass& device_class);

// Useful running of the attempts that are over.
Millis ran_before(const api::GpuJob& job);
// A job that came to its end by itself: what there is to learn. Nothing of others.
std::optional<Millis> whole_run(const api::GpuJob& job);

// How much longer a job is expected to run on the class that has run for `ran`, with a chance of
// 80 %. Runs are learned as if on the first class that the job asks for; speeds relate to that.
Millis expected_left(const api::GpuJob& job, const sched::DeviceClass& device_class, Millis ran,
                     const sched::Estimates& known);

// Of a job with a placement. One that is ending cannot be asked to give way; it is expected to be
// gone when its grace period is over.
sched::Run run_of(const api::GpuJob& job, const std::string& tier_name, const sched::Tier& tier,
                  const sched::Estimates& known, Instant now);

}  // namespace berth::translate
