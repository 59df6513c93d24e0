#pragma once
#include <string>
#include <vector>

#include "base/clock.h"

// How the live commands write what is measured.
namespace berth::cli {

// As kubectl writes an age: "45s", "12m", "3h", "2d". Cut off, never rounded up.
std::string age_text(Millis age);

// "8", or "all" where there is no bound.
std::string bound_text(int64_t bound);

// "a, b and 3 more" of more than `most`.
std::string some_of(const std::vector<std::string>& names, size_t most);

}  // namespace berth::cli
