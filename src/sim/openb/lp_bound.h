#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::sim {

struct BoundNode {
  int64_t cpu_milli = 0;
  int64_t memory_mib = 0;
  int devices = 0;
  std::string type;
};

struct BoundPod {
  int64_t cpu_milli = 0;
  int64_t memory_mib = 0;
  int devices = 0;                 // 0 asks for no device; such pods are left out: they add nothing
  int64_t milli_each = 0;          // 1000: whole devices; below, a share of one
  std::vector<std::string> types;  // those allowed; empty allows every one
};

struct BoundOptions {
  int64_t cpu_step_milli = 500;  // pods are rounded down to it: finer is tighter and slower
  double gap_percent = 0.005;    // of capacity: how close to the relaxation's optimum to stop
  int rounds_max = 500;
};

struct PackingBound {
  double percent = 0;          // no placement of these pods allocates more of all devices
  double relaxed_percent = 0;  // what the relaxation reached: percent is this plus the gap left
  int rounds = 0;
  int patterns = 0;
};

// An upper bound on the share of all devices that any choice and placement of `pods` on empty
// `nodes` can allocate: a clairvoyant packer, who may refuse pods, cannot do better.
// A linear program over node patterns by column generation (Gilmore and Gomory, 1961): nodes of the
// same size and type are one row, so are pods of the same shape; a pattern is what one node holds,
// with its devices apart and its CPU; memory is summed over the nodes of one size. What is relaxed:
// patterns may be taken in fractions, CPU is in steps, memory of a node may be lent to another.
// The result holds even where the rounds run out, as it is Lagrangian (Farley, 1990).
// Errors: Invalid for nodes without devices at all, or a pod of less than nothing.
// Cost: seconds for 1,200 nodes of 15 sizes and 8,000 pods of 130 shapes.
Result<PackingBound> packing_bound(std::span<const BoundNode> nodes, std::span<const BoundPod> pods,
                                   const BoundOptions& options = {});

}  // namespace berth::sim
