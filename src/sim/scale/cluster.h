#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "sched/fleet/fleet.h"
#include "sim/openb/random.h"
#include "sim/scale/scale.h"

namespace berth::sim::scale {

using openb::Random;

inline constexpr std::array<const char*, 3> kClasses{"nvidia-a100", "nvidia-h200", "nvidia-l4"};
inline constexpr int64_t kGib = int64_t{1} << 30;

inline int64_t cores_per_device(int32_t node) {
  return std::array{12, 16, 24}[static_cast<size_t>(node / 3 % 3)];
}

// Nodes in turn of each class and size.
inline sched::NodeFacts node_facts(const Settings& settings, int32_t node) {
  const std::string number = std::to_string(10'000'000 + node);
  return {.id = {"", "node-" + number.substr(1)},
          .device_class = kClasses[static_cast<size_t>(node) % kClasses.size()],
          .devices = settings.devices_per_node,
          .cpu_milli = cores_per_device(node) * 1'000 * settings.devices_per_node,
          .memory_bytes = 128 * kGib * settings.devices_per_node,
          .pods = 110};
}

}  // namespace berth::sim::scale
