#pragma once
#include <cstdint>

namespace berth::host {

// The most memory that this process has held at once, in bytes; 0 where that is not known.
int64_t resident_bytes();

}  // namespace berth::host
