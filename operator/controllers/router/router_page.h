#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "scaling/load.h"
#include "slo/increases.h"

// What the /metrics page of a berth-router says (docs/reference/metrics.md). Pure.
namespace berth::control {

// What a router has counted for an endpoint since it started.
struct EndpointCounters {
  scaling::RouterCounters load;
  // Requests whose client has not gone. In error: those that were not answered for a reason of
  // ours, by HTTP status (500 and above) or gRPC code (Google SRE: not what the caller did wrong).
  // Bounds of latency that are no whole milliseconds are joined with the next.
  slo::Counted answers;
};

// By endpoint. Lines that are none of the Prometheus text format, and metrics of others, are passed
// over; a value that is no number counts as absent.
std::map<std::string, EndpointCounters> parse_router_page(std::string_view page);

}  // namespace berth::control
