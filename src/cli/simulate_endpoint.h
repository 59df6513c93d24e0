#pragma once
#include "cli/command.h"

namespace berth::cli {

// `simulate endpoint`: whether the autoscaler keeps a latency objective over recorded or made-up
// requests, and at how many replica-seconds.
void add_simulate_endpoint(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
