#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "sched/fleet/need.h"
#include "sched/ids.h"

namespace berth::sched {

// Work of one form that is expected: what one worker takes, and on which classes it may run.
struct DemandClass {
  Need need;
  int64_t cpu_milli = 0;
  std::vector<DeviceClass> classes;  // sorted; empty means any
  int64_t weight = 1;                // how often it comes, relative to the others
  bool operator==(const DemandClass&) const = default;
};

// How much a placement is made to care, in thousandths of a device.
struct ScoreWeights {
  int64_t cpu = 30;       // for a whole largest node of CPU that stays free beside what is placed
  int64_t devices = 30;   // for a whole largest node of devices that stays free
  int64_t waste = 1'000;  // for a whole device of expected waste, at most 1,000
  bool operator==(const ScoreWeights&) const = default;
};

// What is expected of the near future. It is refreshed off the pass, every few seconds at most,
// because what was worked out under one outlook is of no use under the next.
struct Outlook {
  std::vector<DemandClass> mix;
  std::map<DeviceClass, int64_t> prices;      // thousandths of a device lost per device taken
  std::map<DeviceClass, int64_t> cpu_prices;  // millionths of a device lost per core taken
  // For shares by the thousandth: what of a device is lost when so many thousandths are left of it,
  // because too little work comes that would fill them. kWholeDevice + 1 entries, each from 0 to
  // its index, or none. Computed from the duals of a packing program (src/pricing).
  std::vector<int16_t> waste;
  ScoreWeights weights;
  // What users pay for a device of the class; classes whose price is not known are left out.
  std::map<DeviceClass, int64_t> micro_usd_per_hour;
  bool operator==(const Outlook&) const = default;
};

}  // namespace berth::sched
