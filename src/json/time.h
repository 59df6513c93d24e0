#pragma once
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// RFC 3339, the only form in which instants travel.
namespace berth {

// "2026-08-22T09:30:00Z", with ".250" only when there are milliseconds. Always UTC.
std::string format_time(Instant instant);

// "2026-08-22T09:30:00.250000Z": the form that Lease and Event insist on (MicroTime).
std::string format_micro_time(Instant instant);

// Any offset and any number of fraction digits; what is finer than a millisecond is cut off.
// Errors: Invalid, with the text.
Result<Instant> parse_time(std::string_view text);

}  // namespace berth
