#include "sched/quota/usage_history.h"

#include <algorithm>
#include <array>

namespace berth::sched {
namespace {

__extension__ using WideUnsigned = unsigned __int128;

constexpr int kBits = 62;      // of a factor, 2^62 standing for 1
constexpr int kFraction = 48;  // of a half-life
constexpr WideUnsigned kOne = WideUnsigned{1} << kBits;

constexpr uint64_t square_root(WideUnsigned of) {
  WideUnsigned low = 0;
  WideUnsigned high = WideUnsigned{1} << 63;
  while (low < high) {
    const WideUnsigned middle = (low + high + 1) / 2;
    if (middle * middle <= of) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return static_cast<uint64_t>(low);
}

// 0.5^(1/2), 0.5^(1/4), ...
constexpr auto kRoots = [] {
  std::array<uint64_t, kFraction> roots{};
  WideUnsigned last = kOne / 2;
  for (uint64_t& root : roots) {
    root = square_root(last << kBits);
    last = root;
  }
  return roots;
}();

WideUnsigned factor(Millis elapsed, Millis half_life) {
  if (elapsed <= Millis{0}) return kOne;
  if (half_life <= Millis{0}) return 0;
  const auto span = static_cast<uint64_t>(elapsed.count());
  const auto half = static_cast<uint64_t>(half_life.count());
  if (span / half >= kBits) return 0;
  const WideUnsigned fraction = (WideUnsigned{span % half} << kFraction) / half;
  WideUnsigned product = kOne >> (span / half);
  for (int bit = 0; bit < kFraction; ++bit) {
    if (((fraction >> (kFraction - 1 - bit)) & 1U) == 0) continue;
    product = (product * kRoots[static_cast<size_t>(bit)]) >> kBits;
  }
  return product;
}

}  // namespace

int64_t decayed(int64_t value, Millis elapsed, Millis half_life) {
  const WideUnsigned product =
      static_cast<WideUnsigned>(std::max<int64_t>(0, value)) * factor(elapsed, half_life);
  return static_cast<int64_t>((product + kOne / 2) >> kBits);
}

UsageHistory::UsageHistory(int64_t micro_devices, Instant at)
    : micro_devices_(std::clamp<int64_t>(micro_devices, 0, kMostDevices * kUnit)),
      at_(at),
      started_(true) {}

void UsageHistory::add(int64_t devices, Instant until, Millis half_life) {
  if (!started_) {
    at_ = until;
    started_ = true;
    return;
  }
  if (until <= at_) return;
  const WideUnsigned keeps = factor(until - at_, half_life);
  const auto held =
      static_cast<WideUnsigned>(std::clamp<int64_t>(devices, 0, kMostDevices) * kUnit);
  const WideUnsigned sum =
      static_cast<WideUnsigned>(micro_devices_) * keeps + held * (kOne - keeps);
  micro_devices_ = static_cast<int64_t>((sum + kOne / 2) >> kBits);
  at_ = until;
}

}  // namespace berth::sched
