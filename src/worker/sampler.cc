#include "worker/sampler.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace berth::worker {
namespace {

// splitmix64: every bit of the input reaches every bit of the output.
uint64_t scramble(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t mix_seed(uint64_t seed, uint64_t a, uint64_t b) {
  return scramble(scramble(scramble(seed) ^ a) ^ b);
}

Sampler::Sampler(int64_t samples, int64_t batch_size, uint64_t seed)
    : batch_size_(std::min(batch_size, samples)),
      seed_(seed),
      order_(static_cast<size_t>(samples)) {}

int64_t Sampler::steps_per_epoch() const {
  const auto samples = static_cast<int64_t>(order_.size());
  return (samples + batch_size_ - 1) / batch_size_;
}

std::span<const int64_t> Sampler::share(int64_t step, int rank, int world_size) {
  shuffle_for(step / steps_per_epoch());
  const int64_t begin = step % steps_per_epoch() * batch_size_;
  const int64_t count = std::min(batch_size_, static_cast<int64_t>(order_.size()) - begin);
  const int64_t from = begin + count * rank / world_size;
  const int64_t to = begin + count * (rank + 1) / world_size;
  return std::span(order_).subspan(static_cast<size_t>(from), static_cast<size_t>(to - from));
}

// Written out because std::shuffle may differ between standard libraries. The slight bias of the
// remainder is below 1e-9 for any data set that fits in memory.
void Sampler::shuffle_for(int64_t epoch) {
  if (epoch == epoch_) return;
  epoch_ = epoch;
  std::iota(order_.begin(), order_.end(), 0);
  for (size_t left = order_.size(); left > 1; --left) {
    const uint64_t draw = mix_seed(seed_, static_cast<uint64_t>(epoch), left);
    std::swap(order_[left - 1], order_[draw % left]);
  }
}

}  // namespace berth::worker
