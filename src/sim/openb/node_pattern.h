#pragma once
#include <cstdint>
#include <vector>

namespace berth::sim {

// A kind of pod on one kind of node, in whole steps: `share_steps` of one device where it shares
// one (then devices is 1), 0 where its devices are its own.
struct PatternItem {
  int devices = 1;
  int share_steps = 0;
  int cpu_steps = 0;
  double value = 0;
};

struct PatternRoom {
  int devices = 0;
  int steps_per_device = 0;
  int cpu_steps = 0;
};

// What one node may hold at once: how many of each item, by index.
struct NodePattern {
  double value = 0;
  std::vector<int> counts;
};

// The most valuable pattern: shares add up to at most one device each, whole devices are nobody
// else's, CPU adds up to at most the node's. Items of no value are left out. Exact by dynamic
// programming: one device first (share x CPU, an unbounded knapsack), then device after device.
// Cost: O(items x steps_per_device x cpu_steps + devices x cpu_steps^2).
NodePattern best_pattern(const std::vector<PatternItem>& items, const PatternRoom& room);

}  // namespace berth::sim
