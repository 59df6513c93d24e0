#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/live/manifests.h"
#include "sched/decision.h"
#include "sched/explain/scene.h"

namespace berth::cli {

// What is to become of one workload by the next pass.
struct Fate {
  enum class Is {
    Runs,      // and goes on
    Starts,    // on free devices
    Preempts,  // starts once others have given way
    Grows,     // an elastic job, stopped once and started with more workers
    GivesWay,
    Held,
    Unknown,  // of it there is no decision: it is suspended, finished or not there
  };
  struct Lost {
    std::string name;  // "gpujob/NAMESPACE/NAME"
    int64_t lost_device_ms = 0;
    bool operator==(const Lost&) const = default;
  };
  Is is = Is::Unknown;
  std::string device_class;         // Starts, Preempts
  std::vector<std::string> nodes;   // of these, per worker
  std::vector<Lost> victims;        // Preempts
  std::string gives_way_to;         // GivesWay
  int64_t lost_device_ms = 0;       // of those
  sched::Reason reason{};           // Held
  std::string message;              // Held
  Instant starts = Instant::max();  // Held; max() where it is not known
  bool operator==(const Fate&) const = default;
};
std::string_view name_of(Fate::Is is);

// By name, "gpujob/NAMESPACE/NAME".
std::map<std::string, Fate> fates_of(const sched::Scene& scene);

struct PlannedWorkload {
  std::string name;
  bool is_applied = false;  // it is in the manifests
  Fate now;                 // without the change
  Fate then;
};
struct Plan {
  std::vector<AppliedObject> objects;
  std::vector<PlannedWorkload> workloads;  // of the manifests, then those whose fate changes
  // No GpuJob of the manifests is left waiting.
  bool all_start() const;
};
// Both scenes are of the same moment. Cost: two passes.
Plan plan_of(const sched::Scene& now, const sched::Scene& then, std::vector<AppliedObject> objects);

}  // namespace berth::cli
