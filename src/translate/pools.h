#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/capacitypool.h"
#include "sched/facts.h"
#include "translate/accelerators.h"
#include "translate/node.h"

// Which CapacityPool a node is in, and what it is by that.
namespace berth::translate {

// What one CapacityPool cannot see by itself.
struct PoolProblem {
  std::string reason;  // NotGated, InvalidShares, Conflict
  std::string message;
  bool operator==(const PoolProblem&) const = default;
};

// What devices of a pool may be cut into.
struct Share {
  std::string resource;
  std::string device_class;  // CLASS/NAME, see sched/share_class.h
  int64_t memory_bytes = 0;
  int64_t compute_percent = 0;
  std::optional<int64_t> micro_usd_per_hour;  // of one; nothing: not known

  bool has(int64_t bytes, int64_t percent) const {
    return memory_bytes >= bytes && compute_percent >= percent;
  }
  bool operator==(const Share&) const = default;
};

// A pool that counts.
struct Pool {
  std::map<std::string, std::string> selector;
  std::string device_class;
  std::string resource;
  std::vector<Share> shares;
  std::vector<std::string> topology;  // widest first
  PoolTerms terms;

  const std::string& name() const { return terms.pool; }
  bool selects(const Node& node) const;
  bool operator==(const Pool&) const = default;
};

// All pools together. A node is in the oldest pool that selects it; a node in none is what its own
// labels say, see discover(). A node of a pool gives out one kind, whole devices or shares of one
// resource: that of which it has most allocatable, and whole devices where it has as many.
struct Pools {
  std::vector<Pool> pools;                      // the older first, then the smaller name
  std::map<std::string, PoolProblem> problems;  // of those that do not count

  const Pool* of(const Node& node) const;
  // Whether the node is as enter() would make it.
  bool is_right(const Node& node) const;
  // The younger ones that select the node too.
  std::vector<const Pool*> losers(const Node& node) const;
  // Whether devices of the class are units of `resource`.
  bool has(const Accelerators& accelerators, const std::string& device_class,
           std::string_view resource) const;
  // What the pools of a class of whole devices name, the smallest first: by computing, memory,
  // name. Where two differ about a share of one name, it has the less of each and the higher price.
  std::vector<Share> shares_of(std::string_view device_class) const;
  // Of a class of which no node is there to ask; empty when nothing says it.
  std::string resource_of(const Accelerators& accelerators, const std::string& device_class) const;
  // `level` and the levels wider than it, narrowest first, as the oldest pool of the class that
  // names it orders them; `level` alone when none does.
  std::vector<std::string> levels_from(const std::string& device_class,
                                       const std::string& level) const;
  // Work that would like to be together, but need not be, falls back to the wider levels.
  void widen(sched::Ask& ask) const;
  // Micro-USD per device-hour of a class before it is known where its work will run: of its dearest
  // pool, so that nothing becomes dearer than was said. Of a node: its terms.
  std::optional<int64_t> dearest_price(const std::string& device_class) const;
  bool operator==(const Pools&) const = default;
};

// A pool with a resource that is not one of the accelerators counts for nothing: nobody gates the
// pods that ask for it.
Pools settle(std::vector<const api::CapacityPool*> pools, const Accelerators& accelerators);

// Makes the node what its pool says, or what it says itself. Returns whether that changed anything.
bool enter(Node& node, const Pools& pools);

// Pools that select a node of an older pool, each with an example. `Nodes` is a range of Node.
template <class Nodes>
std::map<std::string, PoolProblem> conflicts(const Pools& pools, const Nodes& nodes) {
  std::map<std::string, PoolProblem> found;
  if (pools.pools.size() < 2) return found;
  for (const Node& node : nodes) {
    for (const Pool* loser : pools.losers(node)) {
      found.try_emplace(
          loser->name(),
          PoolProblem{"Conflict", "node " + node.meta.name + " belongs to the older CapacityPool " +
                                      pools.of(node)->name()});
    }
  }
  return found;
}

}  // namespace berth::translate
