#pragma once
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace berth::integration {

// What a router has counted for one endpoint since it started.
struct RouterCounts {
  int64_t in_flight = 0;
  Millis carried{0};     // requests in flight, summed over time
  int64_t answered = 0;  // with what was asked for, within 50 ms and above it
  int64_t late = 0;      // of those, above
  int64_t errors = 0;    // besides, at once
};

// Its lines about that endpoint on its /metrics page.
inline std::string router_page(const std::string& endpoint, const RouterCounts& counts) {
  const std::string of = "{endpoint=\"" + endpoint + "\"";
  const std::string answered = "berth_router_requests_total" + of + ",protocol=\"rest\",code=\"";
  const std::string within = "berth_router_request_duration_seconds_bucket" + of + ",le=\"";
  const int64_t all = counts.answered + counts.errors;
  return "berth_router_in_flight" + of + "} " + std::to_string(counts.in_flight) +
         "\nberth_router_concurrency_seconds_total" + of + "} " +
         std::to_string(static_cast<double>(counts.carried.count()) / 1000) + "\n" + answered +
         "200\"} " + std::to_string(counts.answered) + "\n" + answered + "503\"} " +
         std::to_string(counts.errors) + "\n" + within + "0.05\"} " +
         std::to_string(all - counts.late) + "\n" + within + "+Inf\"} " + std::to_string(all) +
         "\n";
}

}  // namespace berth::integration
