#pragma once
#include <string>
#include <utility>

#include "base/result.h"

namespace berth::serving {

// What the peer or the model's author has to change.
inline Error invalid(std::string what) { return Error{Code::Invalid, std::move(what)}; }

}  // namespace berth::serving
