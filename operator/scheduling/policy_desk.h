#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "decisionlog/recorded_world.h"
#include "operator/scheduling/books.h"
#include "operator/world/stores.h"
#include "sched/core/pass.h"
#include "sched/policy/conflicts.h"

namespace berth::control {

// What passes have seen of one policy under its present generation.
struct PolicySeen {
  int64_t would_change = 0;                      // placements, those of earlier leaders included
  int64_t told = 0;                              // of them, those that an event has told of
  std::string example;                           // of the last of them; empty: none by this leader
  std::map<std::string, std::string> overruled;  // by the winner, work that it was not applied to
};

// PlacementPolicies on their way from the stores into the core's world, and what passes say of them
// on its way back. A change acts from the next pass on.
class PolicyDesk {
 public:
  PolicyDesk(Stores& stores, const Books& books, decisionlog::RecordedWorld& world,
             std::function<void()> mark_dirty);
  PolicyDesk(const PolicyDesk&) = delete;
  PolicyDesk& operator=(const PolicyDesk&) = delete;

  // For the next pass to write to; nothing when nobody would read it.
  sched::PassNotes* notes();
  // The pass is over.
  void read_notes();

  const PolicySeen& seen(const std::string& policy) const;
  // An event has told of all that it would have changed so far.
  void told(const std::string& policy);
  // Of all policies; worked out anew when policies or nodes have changed since.
  const std::vector<sched::PolicyConflict>& conflicts();
  struct Reach {
    int64_t nodes = 0;    // that have all that it requires, of the classes that it is about
    int64_t matched = 0;  // GpuJobs that have not ended
  };
  // Cost: O(nodes + jobs).
  Reach reach(const std::string& policy);

  // Policies whose status may have changed since the last call for what passes, nodes, work or
  // other policies did. `is_urgent`: a policy itself has changed.
  struct Touched {
    bool all = false;
    bool is_urgent = false;
  };
  Touched take_touched();

 private:
  void on_policy(const api::PlacementPolicy* before, const api::PlacementPolicy* after);
  void on_job(const api::GpuJob* before, const api::GpuJob* after);
  void on_pod(const translate::Pod* before, const translate::Pod* after);
  void on_node(const translate::Node* before, const translate::Node* after);
  const sched::PlacementPolicy* find(const std::string& name) const;

  Stores& stores_;
  const Books& books_;
  decisionlog::RecordedWorld& world_;
  std::function<void()> mark_dirty_;
  sched::PassNotes notes_;
  std::map<std::string, PolicySeen> seen_;
  std::optional<std::vector<sched::PolicyConflict>> conflicts_;  // nothing: to be worked out
  Touched touched_;
};

}  // namespace berth::control
