#pragma once
#include "cli/command.h"

namespace berth::cli {

// kubectl-berth. Returns the exit status: 0 done, 1 the answer is no, 2 bad usage or input, with
// one line on `err` that says what and where.
int run_program(int argc, const char* const* argv, const Surroundings& around);

}  // namespace berth::cli
