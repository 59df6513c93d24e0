#pragma once
#include <cstdint>
#include <map>

#include "base/clock.h"
#include "sched/ids.h"
#include "sched/time/profile.h"

namespace berth::sched {

// A share of so many devices that a workload is promised until it ends.
struct Promised {
  DeviceClass device_class;
  int64_t devices = 0;
  int64_t percent = 0;            // of its tier
  Instant ends = Instant::max();  // expected; max: not known
  bool operator==(const Promised&) const = default;
};

// What there is of a class, and how much of it is kept out of promises for repairs.
struct Promisable {
  int64_t devices = 0;
  int64_t repair_headroom = 0;
};

// Whether a promise can be made. Demand is in hundredths of a device: 8 devices at 95% are 760.
struct PromiseAnswer {
  bool can = false;
  int64_t demand = 0;                 // of this promise
  int64_t promised = 0;               // to others, now
  int64_t promisable = 0;             // the class, less headroom
  Instant earliest = Instant::max();  // when it could be made, by expected ends; max: never
  bool operator==(const PromiseAnswer&) const = default;
};

// What is promised to whom. A promise that the devices could not keep even if they did nothing else
// is announced when it is asked for and not when it breaks: the sum of percent x devices over all
// workloads that hold one stays within the class less its repair headroom.
class Promises {
 public:
  // Replaces what `id` was promised.
  void make(const WorkloadId& id, const Promised& promised);
  void end(const WorkloadId& id);

  // Whether `wanted` could be promised beside all others from `now` on; what `id` itself holds does
  // not stand in its way. O(1) when it can, else O(n log n) over the class for the instant.
  PromiseAnswer can_promise(const WorkloadId& id, const Promised& wanted, const Promisable& there,
                            Instant now) const;

  int64_t promised(const DeviceClass& device_class) const;  // hundredths of a device
  size_t size() const { return by_id_.size(); }

 private:
  std::map<WorkloadId, Promised> by_id_;
  std::map<DeviceClass, int64_t> sums_;
};

}  // namespace berth::sched
