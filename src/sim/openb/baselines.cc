#include "sim/openb/baselines.h"

#include <algorithm>
#include <array>

namespace berth::sim::openb {
namespace {

constexpr double kCpuMilliUnit = 128'000;
constexpr double kDeviceMilliUnit = 8'000;

// The devices that a pod would take, the ones with least room first: the sum of what they have free
// and how many are wholly free.
struct Tightest {
  int32_t free_percent = 0;
  int32_t whole = 0;
};

Tightest tightest(const NodeState& node, const Shape& shape) {
  std::array<int32_t, kDevicesMax> free{};
  int32_t count = 0;
  for (int32_t i = 0; i < node.devices; ++i) {
    if (node.free_of(i) >= shape.device_milli) free[static_cast<size_t>(count++)] = node.free_of(i);
  }
  std::partial_sort(free.begin(), free.begin() + shape.devices, free.begin() + count);
  Tightest sum;
  for (int32_t i = 0; i < shape.devices; ++i) {
    const int32_t milli = free[static_cast<size_t>(i)];
    sum.free_percent += milli * 100 / kWhole;
    sum.whole += milli == kWhole ? 1 : 0;
  }
  return sum;
}

}  // namespace

int32_t BestFit::score(const NodeState& node, const Shape& shape) const {
  const auto cpu_left = static_cast<double>(node.cpu_milli - shape.cpu_milli);
  const auto device_left = static_cast<double>(node.free_total() - shape.total_milli());
  const double left = cpu_left / kCpuMilliUnit * 0.5 + device_left / kDeviceMilliUnit * 0.5;
  return static_cast<int32_t>((1.0 - left) * 100);
}

int32_t DotProduct::score(const NodeState& node, const Shape& shape) const {
  const double cpu = static_cast<double>(node.cpu_milli) / kCpuMilliUnit *
                     (static_cast<double>(shape.cpu_milli) / kCpuMilliUnit);
  const double device = static_cast<double>(node.free_total()) / kDeviceMilliUnit *
                        (static_cast<double>(shape.total_milli()) / kDeviceMilliUnit);
  return static_cast<int32_t>(100 * (1 - (cpu + device) / 2));
}

int32_t Packing::score(const NodeState& node, const Shape& shape) const {
  if (shape.devices == 0) return 0;
  const int32_t whole = node.devices_with(kWhole);
  if (whole == node.devices) return std::max(33 - whole, whole);
  const Tightest taken = tightest(node, shape);
  if (taken.whole > 0) return std::max(50 - taken.whole, 33);
  return std::max(100 - taken.free_percent / 10, 50);
}

int32_t Clustering::score(const NodeState& node, const Shape& shape) const {
  if (shape.devices == 0) return 0;
  const auto fullness = static_cast<int32_t>(25 * (8'000 - node.free_total()) / 8'000);
  const uint32_t own = NodeState::kind_of(shape);
  if (node.kinds == own) return fullness + 75;
  if ((node.kinds & own) != 0) return fullness + 50;
  return fullness + (node.kinds == 0 ? 25 : 0);
}

DeviceSet AnyNode::choose(const NodeState& node, const Shape& shape) {
  if (!shape.is_share()) return Scorer::choose(node, shape);
  const int32_t count = node.devices_with(shape.device_milli);
  auto skip = static_cast<int32_t>(random_.below(static_cast<uint64_t>(count)));
  for (int32_t i = 0;; ++i) {
    if (node.free_of(i) >= shape.device_milli && skip-- == 0) return 1U << i;
  }
}

}  // namespace berth::sim::openb
