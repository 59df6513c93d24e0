#pragma once
#include <string>

#include "sim/openb/run.h"

namespace berth::cli {

// One line of JSON with a fixed shape; percents to three decimals, null for what is not known.
std::string openb_json(const sim::openb::Settings& settings, const sim::openb::Report& report);
// The same for people.
std::string openb_table(const sim::openb::Settings& settings, const sim::openb::Report& report);

}  // namespace berth::cli
