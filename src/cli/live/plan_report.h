#pragma once
#include <string>

#include "cli/live/plan.h"

namespace berth::cli {

// One line of JSON with a fixed shape; null for what is not known.
std::string plan_json(const Plan& plan);
// What is applied, then a line per workload.
std::string plan_text(const Plan& plan);

}  // namespace berth::cli
