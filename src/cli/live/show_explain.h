#pragma once
#include "cli/command.h"

namespace berth::cli {

// kubectl-berth explain gpujob/NAME: why it waits, who holds what it wants, and what would start
// it.
void add_explain(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
