#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sched/core/shrink.h"
#include "sched/core/trial.h"

namespace berth::sched {

// A holder that may be made to give way, and what that would cost.
struct Candidate {
  const World::Held* held = nullptr;
  int64_t cost = 0;  // device-milliseconds, of the whole job
  ShrinkTerms shrink = {};
};

// The gang's places, and the candidates that have to give way for them.
struct Eviction {
  std::vector<const Candidate*> victims;    // in the order given
  std::map<const World::Held*, Kept> kept;  // of victims that go on with fewer workers
  std::vector<Spot> spots;                  // by worker
  int64_t cost = 0;
  // Who would have been next: instead of all of them where domains were compared, else of those on
  // the node of the first worker that needed any. As far as the search has come upon them.
  struct Next {
    NodeIndex node = 0;
    std::vector<const Candidate*> victims;
    int64_t cost = 0;
    int64_t least = 0;  // of those that were taken in their place
  };
  std::optional<Next> next = {};
};

// Finds victims for a gang at little cost and proves it: on return the victims are lifted in the
// trial and the gang is placed; where there is no way, nothing is changed.
//
// Workers are placed one after the other: on what is free, else on the node where the victims for
// one more worker cost least, a victim that is already chosen costing nothing on its other nodes.
// Of an elastic gang only as many workers go as one node has to give, while enough are left for it
// to go on, and more of them cost nothing more; else it goes whole. Last, victims that turn out not
// to be needed stay, the most expensive first, of an elastic gang as many workers as have room.
// Where one domain is required, the domains are compared by their cost. It is a heuristic (the
// problem is a set cover); with workers and victims of one device each it is exact.
// Cost: workers x nodes with candidates x candidates on a node, a few nanoseconds each.
std::optional<Eviction> evict_for(World& world, Trial& trial, const Gang& gang,
                                  const std::vector<Candidate>& candidates);

}  // namespace berth::sched
