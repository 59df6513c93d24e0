#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "sched/ids.h"
#include "sched/reason.h"
#include "sched/rejected.h"

namespace berth::sched {

// Every worker has a node, and the quota allows it.
struct Admit {
  WorkloadId id;
  QuotaId quota;
  DeviceClass device_class;
  std::vector<int64_t> counts;          // per worker
  std::vector<NodeId> nodes;            // per worker
  std::vector<Rejected> rejected = {};  // at most kMostRejected
  bool operator==(const Admit&) const = default;
};

// Not now, and why: of the first alternative that got furthest, in words with numbers.
struct Hold {
  WorkloadId id;
  Reason reason = Reason::NoCapacity;
  std::string message;
  // When it is expected to start if nothing changes; Instant::max() where that is not known.
  Instant starts = Instant::max();
  bool operator==(const Hold&) const = default;
};

// A running workload that has to give way, whole, or with some workers of an elastic gang.
struct Victim {
  WorkloadId id;
  int64_t devices = 0;         // that it holds now
  int64_t lost_device_ms = 0;  // what giving way costs it
  // It goes on there with fewer workers, which are kept for it: the node of each, some of those
  // that it has now. None: it is gone and asks anew.
  std::vector<NodeId> keeps = {};
  bool operator==(const Victim&) const = default;
};

// The workload is placed on devices that the victims hold; they are released first, and what they
// free is kept for it. Nobody is preempted without such a proof.
struct Preempt {
  WorkloadId id;
  Admit placement;
  std::vector<Victim> victims;  // by id
  bool operator==(const Preempt&) const = default;
};

// A running elastic gang goes on with more workers: it is stopped once, as if it were its own
// victim, and started anew on these places.
struct Resize {
  WorkloadId id;
  Admit placement;
  int64_t from = 0;  // workers
  bool operator==(const Resize&) const = default;
};

using Decision = std::variant<Admit, Hold, Preempt, Resize>;

}  // namespace berth::sched
