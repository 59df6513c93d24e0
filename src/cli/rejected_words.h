#pragma once
#include <string>

#include "sched/rejected.h"

namespace berth::cli {

// "not nvidia-l4: NoCapacity, 2 where it wants 4"
std::string words_of(const sched::Rejected& rejected);

}  // namespace berth::cli
