#pragma once
#include "cli/command.h"

namespace berth::cli {

// kubectl-berth replay FILE: decides every pass of a decision log anew and compares.
void add_replay(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
