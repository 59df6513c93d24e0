#pragma once
#include "sim/queue/policy.h"

namespace berth::sim::queue {

// In the order of submission; nobody passes a job that does not fit.
class Fifo final : public Policy {
 public:
  Decision decide(const View& view, Instant now) override;
};

}  // namespace berth::sim::queue
