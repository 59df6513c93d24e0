#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace berth::worker {

// Mixes numbers into a seed. Every random choice of a run is drawn from such a seed, so that
// what a step does depends on the run's seed and the step's number alone: there is no generator
// whose state would have to be saved.
uint64_t mix_seed(uint64_t seed, uint64_t a, uint64_t b);

// Which samples each rank trains on at each step: a new order every epoch, cut into steps, each
// step cut into one share per rank. A function of (seed, step, rank, world size).
class Sampler {
 public:
  Sampler(int64_t samples, int64_t batch_size, uint64_t seed);

  int64_t steps_per_epoch() const;

  // A rank's samples at a step; empty when the step has fewer samples than the gang has ranks.
  // Valid until the next call.
  std::span<const int64_t> share(int64_t step, int rank, int world_size);

 private:
  void shuffle_for(int64_t epoch);

  int64_t batch_size_;
  uint64_t seed_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

}  // namespace berth::worker
