#include <unistd.h>

#include <iostream>

#include "cli/program.h"
#include "host/cpu_time.h"
#include "host/memory.h"

// The parts list of kubectl-berth.
int main(int argc, char** argv) {
  const berth::cli::Surroundings around{.out = std::cout,
                                        .err = std::cerr,
                                        .is_err_terminal = isatty(STDERR_FILENO) == 1,
                                        .cpu_time = berth::host::cpu_time,
                                        .resident_bytes = berth::host::resident_bytes};
  return berth::cli::run_program(argc, argv, around);
}
