#pragma once
#include <cstdint>
#include <memory>

#include "sim/openb/scan.h"

namespace berth::sim::openb {

// The baselines of FGD's evaluation, as its public simulator computes them
// (hkust-adsl/kubernetes-scheduler-simulator, pkg/simulator/plugin): integer scores, cut off, not
// rounded. A node of 128 cores and 8 devices has size 1 in both.

// Least room left: 100 * (1 - (cpu left / 128 cores + devices left / 8) / 2).
class BestFit final : public Scorer {
 public:
  int32_t score(const NodeState& node, const Shape& shape) const override;
};

// Least alike: 100 * (1 - (free . asked) / 2), both over 128 cores and 8 devices.
class DotProduct final : public Scorer {
 public:
  int32_t score(const NodeState& node, const Shape& shape) const override;
};

// Devices in use, 50 to 100; then free devices of nodes in use, 33 to 50; then empty nodes.
class Packing final : public Scorer {
 public:
  int32_t score(const NodeState& node, const Shape& shape) const override;
};

// Beside pods of one's own kind (a share, one device, two ...): alone with them, among others, on
// an empty node, beside others only; the fuller node first.
class Clustering final : public Scorer {
 public:
  int32_t score(const NodeState& node, const Shape& shape) const override;
};

// Any node, any device; its policy breaks ties at random.
class AnyNode final : public Scorer {
 public:
  explicit AnyNode(uint64_t seed) : random_(seed) {}
  int32_t score(const NodeState&, const Shape&) const override { return 0; }
  DeviceSet choose(const NodeState& node, const Shape& shape) override;

 private:
  Random random_;
};

}  // namespace berth::sim::openb
