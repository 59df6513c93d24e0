#pragma once
#include "cli/command.h"

namespace berth::cli {

// `simulate openb`: how much of a cluster a policy allocates, by the published protocol of FGD over
// Alibaba's openb trace.
void add_simulate_openb(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
