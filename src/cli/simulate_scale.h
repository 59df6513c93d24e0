#pragma once
#include "cli/command.h"

namespace berth::cli {

// simulate scale: what a decision costs in a large cluster.
void add_simulate_scale(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
