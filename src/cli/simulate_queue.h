#pragma once
#include "cli/command.h"

namespace berth::cli {

// `simulate queue`: how long recorded jobs wait on a cluster of some size under a policy.
void add_simulate_queue(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
