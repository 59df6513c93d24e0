#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sched/fleet/fleet.h"
#include "sched/place/topology.h"

namespace berth::sched {

// How close together the workers of a gang have to be.
struct Nearness {
  std::vector<std::string> levels;  // narrowest first: the level asked for, then wider ones
  bool required = false;            // all in one domain of levels.front(), or nowhere
  bool operator==(const Nearness&) const = default;
};

// The workers of one gang, for one class of devices.
struct Gang {
  std::vector<ShapeId> workers;
  std::optional<Nearness> near;
  // Where it may run at all, in the order of node ids; nothing means everywhere.
  std::optional<std::span<const NodeIndex>> allowed;
};

// Takes a spot for every worker, in their order, or takes nothing.
//
// The largest workers are placed first, while there is most choice. Without nearness each goes to
// the fleet's best node. With it the gang goes into the domain of the level that has least room
// left besides it, so that whole domains stay whole for larger gangs (the buddy cells of HiveD,
// OSDI'20); where it is only preferred and no domain has room, wider levels are tried, and last as
// few domains of the narrowest as it takes. Domains are alike except for what is free in them;
// equal ones go by the value of their label. Cost: workers x O(log states) without nearness,
// O(nodes) + workers x O(domain) with it.
std::optional<std::vector<Spot>> place(Fleet& fleet, Topology& topology, const Gang& gang);

void give_back(Fleet& fleet, const std::vector<Spot>& spots);

// Worker indexes, those that need most devices and then most CPU first.
std::vector<size_t> largest_first(const Fleet& fleet, const std::vector<ShapeId>& workers);

}  // namespace berth::sched
