#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "api/gpujob.h"
#include "translate/pod.h"

// What workers say of themselves, and the device time that follows from it. Pure.
namespace berth::control {

// Takes step, checkpoint and metrics out of a termination message: one JSON object
// {step, checkpointStep, checkpointUri, checkpointSha256, metrics}. Anything else changes nothing:
// other people's images write what they like.
void take_termination_message(std::string_view message, Instant at, api::GpuJobStatus& status);

// What the worker says went wrong: `error` of its termination message, one line of at most 512
// bytes; empty where it says nothing.
std::string error_of(std::string_view message);

// Books the device time of the attempt that ends at `now` under productive, lost and waiting;
// returns what it lost, in device-seconds. `completed`: nothing is lost.
int64_t book_device_time(api::GpuJobStatus& status, bool completed, Instant now);

// Takes the last word of an attempt whose device time was booked before it came: with a checkpoint
// that is new in it, nothing was lost after all.
void take_late_message(std::string_view message, Instant at, api::GpuJobStatus& status);

}  // namespace berth::control
