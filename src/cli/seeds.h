#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::cli {

// "42..51", both included, or "42,43". Errors: Invalid, also for more than 1,000 seeds.
Result<std::vector<uint64_t>> parse_seeds(std::string_view text);

}  // namespace berth::cli
