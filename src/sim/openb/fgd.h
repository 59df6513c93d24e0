#pragma once
#include <cstdint>

#include "sim/openb/fragmentation.h"
#include "sim/openb/scan.h"

namespace berth::sim::openb {

// Fragmentation gradient descent as published: 100 * sigmoid(D), cut off to an integer, D being by
// how many devices the node's fragmentation falls, for the most frequent 95 % of pod classes. The
// cut matters: it makes many nodes equal, and among those the first by name fills up first.
class Fgd final : public Scorer {
 public:
  explicit Fgd(const Trace& trace) : fragmentation_(typical_pods(trace, 95), trace.models.size()) {}

  int32_t score(const NodeState& node, const Shape& shape) const override;
  DeviceSet choose(const NodeState& node, const Shape& shape) override;

 private:
  // Largest over the devices of a share: their scores are in the order of their gains.
  int64_t best_gain(const NodeState& node, const Shape& shape) const;
  int32_t score_of(int64_t gain) const;

  Fragmentation fragmentation_;
};

}  // namespace berth::sim::openb
