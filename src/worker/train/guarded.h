#pragma once
#include <exception>
#include <sstream>
#include <string>

#include "base/result.h"

namespace berth::worker {

// The line of one of libtorch's messages that says what happened: that of an error which a script
// raised, behind the script's own stack, else the first; libtorch's stack comes after.
inline std::string line_of_cause(const std::string& text) {
  std::istringstream lines(text);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (first.empty()) first = line;
    if (!line.starts_with(' ') && line.find("Error: ") != std::string::npos) return line;
  }
  return first;
}

// Runs a call that returns a Result and stops libtorch's exceptions at its edge.
template <class Call>
auto guarded(const char* what, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& failure) {
    return Error{Code::Unavailable, std::string(what) + ": " + line_of_cause(failure.what())};
  }
}

}  // namespace berth::worker
