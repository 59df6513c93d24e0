#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scaling/day_shape.h"
#include "scaling/decide.h"
#include "scaling/learned_target.h"
#include "scaling/load.h"
#include "sim/endpoint/fleet.h"

namespace berth::sim::endpoint {

// What a scaler is shown every two seconds.
struct Seen {
  double now = 0;
  Counted counted;
  int64_t ready = 0;
  int64_t starting = 0;
};

class Scaler {
 public:
  virtual ~Scaler() = default;
  virtual int64_t desired(const Seen& seen) = 0;
};

// The core that the operator runs, never a copy of it.
class BerthScaler final : public Scaler {
 public:
  struct Settings {
    scaling::Rules rules;  // target_milli: where the learning starts, or the target
    int64_t largest_batch = 16;
    std::optional<int64_t> late_basis_points;  // absent: nothing is learned
    bool forecasts = true;
    Millis start_up{0};  // as it was measured
  };
  BerthScaler(const Settings& settings, int64_t replicas);
  int64_t desired(const Seen& seen) override;
  int64_t target_milli() const { return rules_.target_milli; }

 private:
  void learn(const Seen& seen);

  Settings settings_;
  scaling::Rules rules_;
  scaling::State state_;
  scaling::LoadWindows windows_;
  scaling::LearnedTarget target_;
  scaling::DayShape shape_;
  Seen sampled_;                 // at the beginning of the sample that goes on
  bool is_sample_clean_ = true;  // the same replicas were ready
  bool is_starting_ = false;
};

// Knative's pod autoscaler with its defaults and a target by hand, for comparison: replicas that
// start do not count, and all that are too many go at once.
class KnativeScaler final : public Scaler {
 public:
  KnativeScaler(const scaling::Rules& rules, int64_t replicas);
  int64_t desired(const Seen& seen) override;

 private:
  scaling::Rules rules_;
  scaling::LoadWindows windows_;
  std::optional<double> burst_at_;
  int64_t most_in_panic_ = 0;
  int64_t desired_ = 0;
};

// So many replicas ready in each second, asked for as long before as they take to start; one that
// is needed again before another could have started is kept.
class PlannedScaler final : public Scaler {
 public:
  PlannedScaler(const std::vector<int64_t>& ready_by_second, double start_seconds);
  int64_t desired(const Seen& seen) override;

 private:
  std::vector<int64_t> desired_by_second_;
};

}  // namespace berth::sim::endpoint
