#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "api/gpujob.h"
#include "base/clock.h"

// What a GpuJob asks for and what it gets, as its tier's promises count it. Pure.
namespace berth::translate {

// How it stands in one span of time. Time counts against the promise while it is `eligible`: it
// holds devices, or waits for those that others hold.
struct Service {
  int64_t asked = 0;  // devices; of an elastic gang, those of its fewest workers
  int64_t held = 0;
  bool eligible = false;
  bool operator==(const Service&) const = default;
};
struct ServiceSpan {
  Instant from;
  Instant until;
  Service service;
  bool operator==(const ServiceSpan&) const = default;
};

// A reason to hold that is not for want of devices that others have, but its owner's to mend: its
// quota, its budget, what it asks for. Also true of words that are not reasons of the pass.
bool is_own_fault(std::string_view reason);

// As it stands by its status; `reason` is why the last pass held it, empty where none did.
Service service_of(const api::GpuJob& job, std::string_view reason);

// Why it is held as its status says; empty while it is admitted or nothing is said yet.
std::string_view shown_reason(const api::GpuJob& job);

// Since when it waits: its creation, the end of its last attempt, or the end of a suspension.
Instant waits_since(const api::GpuJob& job);

// What can be read back of its life so far, oldest first and without gaps: from its creation to
// `now`, or to when it was finished. Attempts that the status has forgotten (all but the last ten)
// and suspensions but the present one are taken as time in which it waited.
std::vector<ServiceSpan> service_so_far(const api::GpuJob& job, Instant now);

}  // namespace berth::translate
