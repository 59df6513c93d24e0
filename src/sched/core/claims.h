#pragma once
#include <set>
#include <utility>
#include <vector>

#include "sched/core/trial.h"

namespace berth::sched {

// Held workloads whose start is planned, and the devices that are kept free for it: the reserved
// heads of EASY backfill (Lifka 1995), on nodes instead of totals, so that what is kept is what the
// head's gang will use.
//
// A head's shadow time is the first expected end at which its gang has a place. Of what it will use
// then, what is free now and does not come free until then is taken in the trial: work behind it
// that is expected to end later does not see it, work that ends before may have it meanwhile.
class Claims {
 public:
  Claims(World& world, Trial& trial, Instant now) : world_(world), trial_(trial), now_(now) {}

  // Plans the start of a gang; Instant::max() when no expected end makes room for it.
  Instant plan(const DeviceClass& device_class, const Gang& gang, int64_t devices);
  // When plan() would have it start; keeps nothing.
  Instant when(const DeviceClass& device_class, const Gang& gang, int64_t devices);
  // A workload of this pass starts now and is expected to end then.
  void started(const std::vector<Spot>& spots, Instant ends);
  // A holder has to give way in this pass: its devices are another's now.
  void gone(const World::Held* held);

  // Whether one more start of the class may be planned.
  bool may_plan(const DeviceClass& device_class) const;
  // Places a gang that ends before the claims that it touches begin; each claim takes back what the
  // gang left of it.
  std::optional<std::vector<Spot>> place_meanwhile(const Gang& gang, Instant ends);
  // Whether the gang would fit if nothing were kept.
  bool stand_in_the_way(const DeviceClass& device_class, const Gang& gang, int64_t devices);
  bool is_empty() const { return claims_.empty(); }

 private:
  struct Claim {
    DeviceClass device_class;
    Instant from;
    std::vector<Spot> spots;                             // taken in the trial
    std::vector<std::pair<ShapeId, NodeIndex>> workers;  // of the head, at that time
  };
  struct Ending {
    const World::Held* held = nullptr;  // nothing: started by this pass
    Instant at;
    std::vector<Spot> spots;
  };

  struct Start {
    Instant at;
    std::vector<Spot> spots;
  };

  void gather_endings();
  std::optional<Start> find_start(const DeviceClass& device_class, const Gang& gang,
                                  int64_t devices);
  struct Free {
    int64_t whole = 0;
    int64_t cpu = 0;
    int64_t memory = 0;
  };
  Free free_on(NodeIndex node);

  World& world_;
  Trial& trial_;
  Instant now_;
  std::vector<Claim> claims_;
  bool has_endings_ = false;
  std::vector<Ending> endings_;  // by time
  std::set<const World::Held*> gone_;
};

}  // namespace berth::sched
