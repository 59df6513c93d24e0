#pragma once
#include <string>

#include "sched/explain/explain.h"

namespace berth::cli {

// "raise borrowingLimit of Quota blue for nvidia-h200 from 0 to 2"
std::string text_of(const sched::Change& change);

}  // namespace berth::cli
