#pragma once
#include <cstdint>
#include <optional>

#include "sim/openb/node_state.h"
#include "sim/openb/trace.h"

namespace berth::sim::openb {

struct Placement {
  int32_t node = 0;       // an index of the nodes that the policy was made with
  DeviceSet devices = 0;  // as many as the pod asks for
  bool operator==(const Placement&) const = default;
};

// A scheduler under test: it is told of one pod after the other, answers at once, and keeps its own
// books. The run checks every answer against books of its own.
class Policy {
 public:
  virtual ~Policy() = default;
  // Where the pod goes, which from then on is taken; nothing when it is refused, for good.
  virtual std::optional<Placement> place(const Shape& shape) = 0;
};

}  // namespace berth::sim::openb
