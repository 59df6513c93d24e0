#pragma once
#include <array>
#include <cstdint>

#include "sim/openb/trace.h"

namespace berth::sim::openb {

// Devices of one node, a bit each.
using DeviceSet = uint32_t;

// What is free on a node. Nothing ever leaves: the published protocol has no departures.
struct NodeState {
  explicit NodeState(const Node& node)
      : cpu_milli(node.cpu_milli),
        memory_mib(node.memory_mib),
        devices(node.devices),
        model(node.model) {
    for (int32_t i = 0; i < devices; ++i) free_milli[static_cast<size_t>(i)] = kWhole;
  }

  int64_t cpu_milli;
  int64_t memory_mib;
  int32_t devices;
  int32_t model;
  std::array<int32_t, kDevicesMax> free_milli{};
  uint32_t kinds = 0;  // bit 0: has pods with a share of a device; bit k: pods with k devices

  int32_t free_of(int32_t device) const { return free_milli[static_cast<size_t>(device)]; }
  int64_t free_total() const {
    int64_t total = 0;
    for (int32_t i = 0; i < devices; ++i) total += free_of(i);
    return total;
  }
  int32_t devices_with(int32_t milli) const {
    int32_t count = 0;
    for (int32_t i = 0; i < devices; ++i) count += free_of(i) >= milli ? 1 : 0;
    return count;
  }
  // CPU and memory are hard limits; a share is of one device, whole devices must be wholly free.
  bool fits(const Shape& shape) const {
    return cpu_milli >= shape.cpu_milli && memory_mib >= shape.memory_mib &&
           (shape.devices == 0 ||
            (shape.allows(model) && devices_with(shape.device_milli) >= shape.devices));
  }

  static uint32_t kind_of(const Shape& shape) {
    return shape.devices == 0 ? 0U : 1U << (shape.is_share() ? 0U : unsigned(shape.devices));
  }

  void take(const Shape& shape, DeviceSet taken) {
    cpu_milli -= shape.cpu_milli;
    memory_mib -= shape.memory_mib;
    for (int32_t i = 0; i < devices; ++i) {
      if (((taken >> i) & 1U) != 0) free_milli[static_cast<size_t>(i)] -= shape.device_milli;
    }
    kinds |= kind_of(shape);
  }
};

}  // namespace berth::sim::openb
