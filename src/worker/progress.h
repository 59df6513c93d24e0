#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"

namespace berth::worker {

// How far a worker is, written by the training loop and read by the status server's threads.
class Progress {
 public:
  struct Values {
    int64_t step = 0;           // done
    int64_t steps = 0;          // of the whole run; 0 until known
    int64_t samples_total = 0;  // of this process, this rank
    std::optional<double> loss;
    std::optional<int64_t> checkpoint_step;
    std::optional<Instant> checkpoint_time;
  };

  void start(int64_t step, int64_t steps);
  // `loss` is absent where nothing is learned.
  void step_done(int64_t step, int64_t samples, std::optional<double> loss);
  void checkpointed(int64_t step, Instant at);
  Values values() const;

 private:
  mutable std::mutex mutex_;
  Values values_;  // guarded by mutex_
};

// The values in the Prometheus text format. What is not known yet has no sample.
std::string metrics_text(const Progress::Values& values);

}  // namespace berth::worker
