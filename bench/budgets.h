#pragma once
#include <ostream>
#include <string>

#include "json/json_fwd.h"

namespace berth::bench {

// Holds measured figures (an object of numbers) against bench/budgets.yaml, and prints a line for
// each budget whose name is among them. Returns the exit status: 0 within, 1 beyond a limit or when
// the file cannot be read.
int check_budgets(const std::string& file, const Json& figures, std::ostream& out);

}  // namespace berth::bench
