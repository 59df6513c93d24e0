#include "sim/openb/trace_bound.h"

#include <vector>

#include "sim/openb/lp_bound.h"

namespace berth::sim::openb {

Result<double> bound_percent(const Trace& trace, std::span<const Shape> arrived) {
  std::vector<BoundNode> nodes;
  for (const Node& node : trace.nodes) {
    nodes.push_back({.cpu_milli = node.cpu_milli,
                     .memory_mib = node.memory_mib,
                     .devices = node.devices,
                     .type = trace.models[static_cast<size_t>(node.model)]});
  }
  std::vector<BoundPod> pods;
  for (const Shape& shape : arrived) {
    pods.push_back({.cpu_milli = shape.cpu_milli,
                    .memory_mib = shape.memory_mib,
                    .devices = shape.devices,
                    .milli_each = shape.device_milli,
                    .types = allowed_models(trace, shape)});
  }
  return BERTH_TRY(packing_bound(nodes, pods)).percent;
}

}  // namespace berth::sim::openb
