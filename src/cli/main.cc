#include <unistd.h>

#include <iostream>

#include "cli/program.h"
#include "host/cpu_time.h"

// The parts list of kubectl-berth.
int main(int argc, char** argv) {
  const berth::cli::Surroundings around{.out = std::cout,
                                        .err = std::cerr,
                                        .is_err_terminal = isatty(STDERR_FILENO) == 1,
                                        .cpu_time = berth::host::cpu_time};
  return berth::cli::run_program(argc, argv, around);
}
