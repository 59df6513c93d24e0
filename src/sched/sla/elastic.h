#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "sched/ids.h"
#include "sched/sla/speedup.h"

namespace berth::sched {

// A running job that can go on with another number of workers.
struct ElasticJob {
  WorkloadId id;
  int64_t min = 1;
  int64_t max = 1;
  int64_t workers = 1;
  int64_t devices_per_worker = 1;
  int64_t weight = 1000;  // a job of 2000 gains twice as much by the same speedup
  Speedup speedup;
  Millis remaining{0};    // expected, with the workers it has
  Millis resize_cost{0};  // how long it stands still for a resize
  Instant last_resized = Instant::min();
};

struct WorkerChange {
  WorkloadId id;
  int64_t from = 0;
  int64_t to = 0;
  bool operator==(const WorkerChange&) const = default;
};

struct ResizeSettings {
  // A job stays as it is so long after a resize, in both directions: no flapping.
  Millis settle = std::chrono::minutes{10};
  bool operator==(const ResizeSettings&) const = default;
};

// Gives idle devices to the jobs that gain the most by them: step by step to the largest weighted
// gain per device, where a job's gain is measured in what its first worker does, so that rates of
// different kinds of work compare (Optimus, EuroSys'18; ElasticFlow, ASPLOS'23). A job grows only
// if the run time that it saves exceeds what the resize costs it. Never above `max`, never more
// devices than idle. Ties go to the smaller id. The answer is by id. Asking again with the answer
// applied at `now` gives nothing, while settle is above zero. Cost: O((workers given + jobs) x log
// points x jobs) at worst, jobs that do not gain being few.
std::vector<WorkerChange> grow(std::span<const ElasticJob> jobs, int64_t idle_devices, Instant now,
                               const ResizeSettings& settings = {});

struct Shrunk {
  std::vector<WorkerChange> resizes;  // by id
  int64_t devices = 0;                // freed; below what was needed when there is no more to free
};

// Frees devices where the least is lost by it, in the same measure. Never below `min`. Frees at
// least `needed_devices` or all that can be freed, and no worker more than it takes.
Shrunk shrink(std::span<const ElasticJob> jobs, int64_t needed_devices, Instant now,
              const ResizeSettings& settings = {});

}  // namespace berth::sched
