#include "kube/backoff.h"

#include <algorithm>

namespace berth::kube {
namespace {

// The finaliser of splitmix64: close inputs give far outputs.
uint64_t scatter(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

Millis Backoff::delay(int failures, uint64_t seed) const {
  Millis whole = first;
  for (int i = 1; i < failures && whole < most; ++i) whole *= 2;
  whole = std::min(whole, most);
  const auto half = static_cast<uint64_t>(whole.count()) / 2;
  if (half == 0) return whole;
  const uint64_t off = scatter(seed ^ scatter(static_cast<uint64_t>(failures))) % (half + 1);
  return whole - Millis{static_cast<Millis::rep>(off)};
}

}  // namespace berth::kube
