#pragma once
#include <string>
#include <vector>

#include "sched/policy/rules.h"

namespace berth::sched {

// Two policies that can be about the same work and that no node meets together, although each alone
// could be met or the two contradict each other whatever nodes there are.
struct PolicyConflict {
  std::string winner;
  std::string loser;  // not applied to that work
  std::string example;
  bool operator==(const PolicyConflict&) const = default;
};

// By precedence of the winner, then of the loser. Pairs of shadow policies are left out: neither
// does anything. Cost: O(policies^2 x nodes) at worst.
std::vector<PolicyConflict> conflicts(std::vector<PlacementPolicy> policies, const Ground& ground);

// Nodes that can meet all that a policy requires, of all classes that it is about.
int64_t nodes_that_meet(const PlacementPolicy& policy, const Ground& ground);

}  // namespace berth::sched
