#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sched/decision.h"
#include "sched/explain/fixes.h"
#include "sched/explain/scene.h"

namespace berth::sched {

// One alternative of an ask in numbers, before the next pass. Whole devices.
struct ClassNumbers {
  DeviceClass device_class;
  std::optional<std::string> region;  // that it is tried in, where limits are of one region
  int64_t wants = 0;
  int64_t exist = 0;  // on usable nodes
  int64_t free = 0;
  bool is_listed = false;  // by its quota; the next four are of that quota, and of the region
  Limit limit;
  int64_t used = 0;
  int64_t borrowed = 0;
  std::optional<QuotaRefusal> refused;  // by that quota or one above it
};

// Who holds devices of a class that is asked for.
struct HeldDevices {
  std::string source;
  std::string name;
  std::optional<QuotaId> quota;  // nothing: nobody pays for it
  DeviceClass device_class;
  int64_t devices = 0;
  // Of those, what its quota holds above its guarantee: the newest work is what has borrowed.
  int64_t borrowed = 0;
  Instant since;
};

struct Explanation {
  WorkloadId id;
  // Of the next pass on these facts: a Hold with reason and message; Admit or Preempt where nothing
  // is in its way any more.
  Decision decision;
  std::vector<ClassNumbers> numbers;  // by alternative
  std::vector<HeldDevices> holdings;  // by quota, the oldest first
  std::vector<Fix> fixes;             // cheapest first; none when it is not held
  Instant starts = Instant::max();    // if nothing changes; max() where that is not known
};

// Why a workload waits, who is in its way and what would start it. Nothing when it is not among the
// asks of the scene. Cost: that of fixes_for() and forecast_start().
std::optional<Explanation> explain(const Scene& scene, const WorkloadId& id);

}  // namespace berth::sched
