#pragma once
#include "sched/facts.h"

namespace berth::sched {

// The class of an alternative without devices, whose counts are 0: workers run on CPU alone, on any
// usable node.
inline constexpr const char* kCpuClass = "cpu";

inline bool is_cpu(const Alternative& wants) { return wants.device_class == kCpuClass; }

}  // namespace berth::sched
