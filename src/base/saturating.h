#pragma once
#include <cstdint>
#include <limits>

namespace berth {

// Resource arithmetic never wraps: a sum that does not fit stays at the end of the range.
// "Unlimited" is the largest value, and stays unlimited whatever is added.
inline constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

constexpr int64_t add_saturating(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a > 0 ? kUnlimited : std::numeric_limits<int64_t>::min();
}

constexpr int64_t multiply_saturating(int64_t a, int64_t b) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a > 0) == (b > 0) ? kUnlimited : std::numeric_limits<int64_t>::min();
}

}  // namespace berth
