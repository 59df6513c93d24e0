#pragma once
#include <string>

#include "base/clock.h"

namespace berth::sched {

// "2026-11-21T16:00:00Z", to the second: for messages.
std::string text_of(Instant at);

}  // namespace berth::sched
