#include "sched/time/run_times.h"

#include <algorithm>

namespace berth::sched {
namespace {

constexpr size_t kPerDoubling = 5;
// 2^(k/5) in units of 2^-32.
constexpr std::array<uint64_t, kPerDoubling> kRoots = {4'294'967'296, 4'933'621'867, 5'667'243'323,
                                                       6'509'953'083, 7'477'972'397};

// Lower edges in milliseconds; the bucket below the first second starts at 0.
constexpr std::array<int64_t, RunTimes::kBuckets> make_edges() {
  std::array<int64_t, RunTimes::kBuckets> edges{};
  for (size_t i = 1; i < edges.size(); ++i) {
    const uint64_t seconds_q32 = kRoots[(i - 1) % kPerDoubling] << ((i - 1) / kPerDoubling);
    edges[i] = static_cast<int64_t>(((seconds_q32 >> 12U) * 1000) >> 20U);
  }
  return edges;
}
constexpr auto kEdges = make_edges();

// A run that is this heavy makes all weights be scaled down, long before a sum could wrap.
constexpr uint32_t kHeaviest = 1U << 20U;

}  // namespace

size_t RunTimes::bucket_of(Millis ran) {
  const auto after = std::upper_bound(kEdges.begin() + 1, kEdges.end(), ran.count());
  return static_cast<size_t>(after - kEdges.begin()) - 1;
}

Millis RunTimes::lower_edge(size_t bucket) { return Millis{kEdges[bucket]}; }

Millis RunTimes::upper_edge(size_t bucket) {
  return Millis{bucket + 1 < kBuckets ? kEdges[bucket + 1] : kEdges[bucket] * 2};
}

void RunTimes::learn(Millis ran, int64_t half_life) {
  // (1 + 1/n)^half_life = 2 for n = half_life / ln 2
  const int64_t n = std::max<int64_t>(1, half_life * 1000 / 693);
  newest_ += static_cast<uint32_t>(std::max<int64_t>(1, newest_ / n));
  if (newest_ > kHeaviest) {
    const uint32_t scale = newest_ / kFirst;
    for (uint32_t& weight : weights_) weight /= scale;
    newest_ /= scale;
  }
  weights_[bucket_of(ran)] += newest_;
}

uint64_t RunTimes::beyond(size_t bucket, Millis already) const {
  const Millis lower = lower_edge(bucket), upper = upper_edge(bucket);
  if (already <= lower) return weights_[bucket];
  if (already >= upper) return 0;
  return weights_[bucket] * static_cast<uint64_t>((upper - already).count()) /
         static_cast<uint64_t>((upper - lower).count());
}

int64_t RunTimes::known_milli(Millis already) const {
  uint64_t sum = 0;
  for (size_t i = bucket_of(already); i < kBuckets; ++i) sum += beyond(i, already);
  return static_cast<int64_t>(sum * 1000 / newest_);
}

void RunTimes::add_to(Spread& spread, Millis already, uint64_t weight) const {
  uint64_t sum = 0;
  for (size_t i = bucket_of(already); i < kBuckets; ++i) sum += beyond(i, already);
  if (sum == 0) return;
  for (size_t i = bucket_of(already); i < kBuckets; ++i) {
    spread[i] += beyond(i, already) * weight / sum;
  }
}

Millis RunTimes::quantile(const Spread& spread, Millis already, int64_t basis_points) {
  uint64_t sum = 0;
  for (const uint64_t weight : spread) sum += weight;
  const uint64_t want = sum / 10'000 * static_cast<uint64_t>(basis_points) +
                        sum % 10'000 * static_cast<uint64_t>(basis_points) / 10'000;
  uint64_t below = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    if (spread[i] == 0) continue;
    if (below + spread[i] < want) {
      below += spread[i];
      continue;
    }
    const Millis lower = std::max(already, lower_edge(i));
    const Millis width = std::max(Millis{0}, upper_edge(i) - lower);
    // In thousandths of the bucket: a year times 2^32 would not fit.
    const int64_t share = static_cast<int64_t>((want - below) * 1000 / spread[i]);
    return lower + Millis{width.count() / 1000 * share + width.count() % 1000 * share / 1000};
  }
  return std::max(already, upper_edge(kBuckets - 1));
}

}  // namespace berth::sched
