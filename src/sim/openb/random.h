#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace berth::sim::openb {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Our own, as what std::shuffle and the standard
// distributions draw is the library's choice, and a seed must mean the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  // Each of 0 to below-1 with the same chance; `below` is 1 or more. Draws past the last whole
  // multiple of `below` are drawn again, or small numbers would be likelier.
  uint64_t below(uint64_t below) {
    const uint64_t skewed = -below % below;
    uint64_t drawn = next();
    while (drawn < skewed) drawn = next();
    return drawn % below;
  }

  // Fisher and Yates.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[below(left)]);
    }
  }

 private:
  uint64_t state_;
};

}  // namespace berth::sim::openb
