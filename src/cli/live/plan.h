#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/live/manifests.h"
#include "sched/core/shadow.h"
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
    Shrinks,   // the same with fewer, as much as it has to give way
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
  std::string device_class;        // Starts, Preempts
  std::vector<std::string> nodes;  // of these and Shrinks, per worker
  std::vector<Lost> victims;       // Preempts
  std::string gives_way_to;        // GivesWay, Shrinks
  int64_t lost_device_ms = 0;      // of those
  sched::Reason reason{};  // Held; Runs, where it has a message: it would not be started today
  std::string message;     // of that
  Instant starts = Instant::max();        // Held; max() where it is not known
  std::vector<sched::Rejected> rejected;  // Starts, Preempts, Grows
  bool operator==(const Fate&) const = default;
};
std::string_view name_of(Fate::Is is);

// What a plan is made from.
struct Planned {
  sched::Scene scene;
  std::vector<sched::Ask> again;  // see asked_again()
};
// By name, "gpujob/NAMESPACE/NAME". Who runs is asked about one by one: a pass each, for one ask.
std::map<std::string, Fate> fates_of(const Planned& planned, sched::PassNotes& notes);

struct PlannedWorkload {
  std::string name;
  bool is_applied = false;  // it is in the manifests
  Fate now;                 // without the change
  Fate then;
};
struct Plan {
  std::vector<AppliedObject> objects;
  std::vector<PlannedWorkload> workloads;  // of the manifests, then those whose fate changes
  // What shadow policies of the manifests would have changed in the decisions.
  std::vector<sched::Divergence> divergences;
  // No GpuJob of the manifests is left waiting.
  bool all_start() const;
};
// Both are of the same moment.
Plan plan_of(const Planned& now, const Planned& then, std::vector<AppliedObject> objects);

}  // namespace berth::cli
