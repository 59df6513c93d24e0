#pragma once
#include "cli/command.h"

namespace berth::cli {

// `completion`: prints a script that makes a shell complete commands and options.
void add_completion(CLI::App& parent, Action& chosen);

}  // namespace berth::cli
