#pragma once
#include "cli/command.h"

namespace berth::cli {

// kubectl-berth plan -f FILE: what applying it would do, tried on a copy of the live state.
void add_plan(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
