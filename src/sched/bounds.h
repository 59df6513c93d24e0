#pragma once
#include <algorithm>
#include <cstdint>

#include "sched/ledger.h"

// What people write into pods may be as large as an int64_t, and what holders have is summed with
// plain arithmetic. So whoever makes a holder or a node bounds its amounts by these, which no
// machine has and of which a hundred thousand can be summed.
namespace berth::sched {

inline constexpr int64_t kMostHeldDevices = int64_t{1} << 32;
inline constexpr int64_t kMostCpuMilli = int64_t{1} << 40;     // a billion cores
inline constexpr int64_t kMostMemoryBytes = int64_t{1} << 46;  // 64 TiB

inline Room bounded(const Room& room) {
  return {.cpu_milli = std::clamp<int64_t>(room.cpu_milli, 0, kMostCpuMilli),
          .memory_bytes = std::clamp<int64_t>(room.memory_bytes, 0, kMostMemoryBytes)};
}

inline int64_t bounded_devices(int64_t devices) {
  return std::clamp<int64_t>(devices, 0, kMostHeldDevices);
}

}  // namespace berth::sched
