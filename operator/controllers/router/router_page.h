#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "scaling/load.h"

// What the /metrics page of a berth-router says of its load (docs/reference/metrics.md). Pure.
namespace berth::control {

// By endpoint. Lines that are none of the Prometheus text format, and metrics of others, are passed
// over; a value that is no number counts as absent.
std::map<std::string, scaling::RouterCounters> parse_router_page(std::string_view page);

}  // namespace berth::control
