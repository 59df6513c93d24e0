#pragma once
#include "sim/queue/backfill.h"

namespace berth::sim::queue {

// EASY backfill: in the order of submission, one head with a promised start, run times as learned.
class Easy final : public Policy {
 public:
  Decision decide(const View& view, Instant now) override;

 private:
  ExpectedEnds ends_;
};

}  // namespace berth::sim::queue
