#pragma once
#include <string>

#include "sim/queue/report.h"

namespace berth::cli {

// One line of JSON with a fixed shape; null for what cannot be said.
std::string queue_json(const sim::queue::QueueReport& report);
// The same for people, a value per line.
std::string queue_table(const sim::queue::QueueReport& report);

}  // namespace berth::cli
