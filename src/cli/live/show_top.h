#pragma once
#include "cli/command.h"

namespace berth::cli {

// kubectl-berth top: who holds which devices, and where some are free.
void add_top(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
