#pragma once
#include "cli/command.h"

namespace berth::cli {

// `simulate`: what the core decides over recorded or made-up work, without a cluster.
void add_simulate(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
