#pragma once
#include "sim/queue/backfill.h"

namespace berth::sim::queue {

// Dominant resource fairness (Ghodsi et al., NSDI 2011) with devices as the one resource: next is
// the first job of the tenant whose share by weight is smallest. No preemption. The first job that
// does not fit is promised a start, and the rest, still in the order of shares, is backfilled as by
// EASY: without that, wide jobs would never start.
class Drf final : public Policy {
 public:
  Decision decide(const View& view, Instant now) override;

 private:
  ExpectedEnds ends_;
};

}  // namespace berth::sim::queue
