#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/capacitypool.h"
#include "base/clock.h"
#include "sched/ledger.h"
#include "translate/pools.h"

// What the status of one CapacityPool should say: pure functions of its nodes and who holds what.
namespace berth::control {

// A node of the pool, and what is taken of it.
struct PoolNode {
  const translate::Node& node;
  sched::NodeUse taken;
};

// Workers of one form that wait or run, and how many.
struct AskedShape {
  int64_t devices = 0;
  sched::Room room;
  auto operator<=>(const AskedShape& other) const {
    return std::tie(devices, room.cpu_milli, room.memory_bytes) <=>
           std::tie(other.devices, other.room.cpu_milli, other.room.memory_bytes);
  }
  bool operator==(const AskedShape&) const = default;
};
using AskedShapes = std::map<AskedShape, int64_t>;

// Whole devices, but in `shares`.
struct PoolUse {
  int64_t nodes = 0;      // of whole devices and of shares
  int64_t reporting = 0;  // nodes that have one of the pool's resources at all
  int64_t beyond = 0;     // healthy, but more than are given out of one node
  int64_t capacity = 0;
  int64_t healthy = 0;  // allocatable, on usable nodes
  int64_t allocated = 0;
  std::vector<api::PoolShareUse> shares;  // of nodes that give them out, as the spec orders them
  std::vector<api::LevelGang> largest_gang;
  std::optional<int64_t> fragmentation_percent;
};

// Cost: O(nodes x (levels + shapes)).
PoolUse use_of(const api::CapacityPoolSpec& spec, const std::vector<PoolNode>& nodes,
               const AskedShapes& asked);

// Of the free devices on usable nodes, the percent that a worker as they are asked for, drawn at
// random, finds on a node that it does not fit on: F of FGD (USENIX ATC'23) for whole devices.
// Nothing where nothing is free or nobody asks.
std::optional<int64_t> fragmentation_percent(const std::vector<PoolNode>& nodes,
                                             const AskedShapes& asked);

struct PoolPlan {
  api::CapacityPoolStatus status;
  bool is_changed = false;
};
PoolPlan decide(const api::CapacityPool& pool, const PoolUse& use,
                const std::optional<translate::PoolProblem>& problem, Instant now);

}  // namespace berth::control
