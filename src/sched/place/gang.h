#pragma once
#include <optional>
#include <span>
#include <vector>

#include "sched/fleet/fleet.h"
#include "sched/place/nearness.h"
#include "sched/place/topology.h"

namespace berth::sched {

// At most so many workers of a gang in one domain of a level; none on nodes without the level.
struct SpreadLimit {
  std::string level;
  int64_t most = 1;
};

// The workers of one gang, for one class of devices.
struct Gang {
  std::vector<ShapeId> workers;
  std::optional<Nearness> near;
  // Where it may run at all, in the order of node ids; nothing means everywhere.
  std::optional<std::span<const NodeIndex>> allowed;

  // What follows is what policies add; where any of it is given, so is `allowed`.
  std::vector<std::string> within;         // levels: all workers are in one domain of each
  std::vector<SpreadLimit> spread;         // kept
  std::vector<SpreadLimit> prefer_spread;  // kept where the gang has a place with them
  // The allowed nodes, the best first; none when all are alike.
  std::span<const std::vector<NodeIndex>> ranks;
};

// What a gang would have had if there were not what it was given: as much of it as placing it has
// brought to light.
struct Beside {
  std::optional<Fleet::Second> node;  // of the worker that was placed first
  struct Domain {
    std::string level;
    std::string value;
    int64_t free_milli = 0;
    int64_t taken_milli = 0;  // free in the one that it was given
  };
  std::optional<Domain> domain;  // where the gang is in one domain, and has workers of one size
};

// Takes a spot for every worker, in their order, or takes nothing.
//
// The largest workers are placed first, while there is most choice. Without nearness each goes to
// the fleet's best node. With it the gang goes into the domain of the level that has least room
// left besides it, so that whole domains stay whole for larger gangs (the buddy cells of HiveD,
// OSDI'20); where it is only preferred and no domain has room, wider levels are tried, and last as
// few domains of the narrowest as it takes. With ranks each worker goes to the best rank that has
// room; with nearness as well, the gang goes into the fewest ranks, from the best on, that have a
// place for all of it. Domains are alike except for what is free in them;
// equal ones go by the value of their label. Cost: workers x O(log states) without nearness,
// O(nodes) + workers x O(domain) with it.
// `beside` is set where it is given and the gang has a place.
std::optional<std::vector<Spot>> place(Fleet& fleet, Topology& topology, const Gang& gang,
                                       Beside* beside = nullptr);

void give_back(Fleet& fleet, const std::vector<Spot>& spots);

// Worker indexes, those that need most devices and then most CPU first.
std::vector<size_t> largest_first(const Fleet& fleet, const std::vector<ShapeId>& workers);

}  // namespace berth::sched
