#pragma once
#include "sim/queue/policy.h"

namespace berth::sim::queue {

struct LasSettings {
  // Device-seconds of useful run at which a job falls into the next queue.
  std::vector<int64_t> thresholds = {3'600, 36'000};
  // A job is left alone for so long after each start: less would cost more than it gives.
  Millis quantum = std::chrono::minutes(10);
};

// Least attained service in two dimensions (devices times seconds), discretised into a few queues
// as in Tiresias (Gu et al., NSDI 2019): jobs start in the last queue's order only when no earlier
// queue can use the devices, first come first served within a queue, and a job may preempt those of
// later queues. It passes jobs that do not fit, and never promotes one that starves.
class Las final : public Policy {
 public:
  explicit Las(LasSettings settings = {}) : settings_(std::move(settings)) {}
  Decision decide(const View& view, Instant now) override;

 private:
  LasSettings settings_;
};

}  // namespace berth::sim::queue
