#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "pricing/scarcity.h"

namespace berth::pricing {

// What all nodes of one device type have.
struct NodeCpu {
  std::string type;
  int64_t cpu_milli = 0;
  int64_t device_milli = 0;
};

struct CpuOptions {
  int64_t micro_per_core_max = 1'200;  // where nodes have half of what is asked
};

struct CpuPrice {
  std::string type;
  int64_t micro_per_core = 0;  // 0..micro_per_core_max
  bool operator==(const CpuPrice&) const = default;
};

// What it costs the work to come when a core beside devices of a type is taken, in millionths of a
// device: without CPU beside it a device is of no use. In the order of `nodes`.
//
// The price is how much more CPU the mix asks for per device than nodes of the type have per
// device, 0 where they have enough and the highest where the mix asks for twice of it. So work that
// asks for much CPU and few devices, above all none, goes beside devices that have CPU to spare. A
// shadow price would not do: summed over all nodes there is CPU enough until very late, and it is
// node by node that devices are stranded.
//
// Errors: Invalid for a negative amount.
Result<std::vector<CpuPrice>> cpu_prices(std::span<const Demand> mix,
                                         std::span<const NodeCpu> nodes,
                                         const CpuOptions& options = {});

}  // namespace berth::pricing
