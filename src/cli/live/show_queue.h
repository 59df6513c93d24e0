#pragma once
#include "cli/command.h"

namespace berth::cli {

// kubectl-berth queue: the GpuJobs that wait, in the order in which their turn comes, and why.
void add_queue(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
