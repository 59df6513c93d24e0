#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace berth::host {

// A program to run and what it may use.
struct Program {
  std::vector<std::string> command;  // the first is a path, or a name to be found in PATH
  std::vector<std::pair<std::string, std::string>> env;  // added to ours, over what is there
  Millis timeout{60'000};                                // then it is killed
  size_t output_bytes_max = 1 << 20;                     // more is an error
};

// Runs it to its end and returns its standard output. Standard error is ours, standard input is
// empty. Errors: NotFound, Timeout, or Unavailable with its exit code. Blocks.
Result<std::string> run_program(const Program& program);

}  // namespace berth::host
