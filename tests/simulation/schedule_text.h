#pragma once
#include <string>

#include "base/result.h"
#include "tests/simulation/schedule.h"

// A schedule for people and for files: a line about its setting, then one per act.
//
//     seed 17, fenced, latency up to 0 ms
//         1.250 s  lost_reply             17 3 2
//
// Lines that begin with # are comments. What stands in a file is the same run for as long as its
// acts mean what they meant, where the schedule of a seed changes with every new kind of act.
namespace berth::simulation {

std::string text_of(const Schedule& schedule);
// Invalid, with the line, where it is not as above.
Result<Schedule> parse_schedule(const std::string& text);

// What became of an object: "gpujobs blue/job-3" and the JSON patch (RFC 6902) without the fields
// that every write changes, or that it is new or gone.
std::string text_of(const std::string& collection, const kube::fake::Change& change);

}  // namespace berth::simulation
