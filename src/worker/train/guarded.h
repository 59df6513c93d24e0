#pragma once
#include <exception>
#include <string>

#include "base/result.h"

namespace berth::worker {

// Runs a call that returns a Result and stops libtorch's exceptions at its edge. Torch appends a
// stack trace to its messages; the first line says what happened.
template <class Call>
auto guarded(const char* what, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& failure) {
    const std::string text = failure.what();
    return Error{Code::Unavailable, std::string(what) + ": " + text.substr(0, text.find('\n'))};
  }
}

}  // namespace berth::worker
