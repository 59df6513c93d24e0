#include "sched/sla/speedup.h"

#include <algorithm>
#include <tuple>

#include "base/saturating.h"

namespace berth::sched {
namespace {

constexpr int64_t kGuessWorkers = 64;  // one less than those with which half of each is lost
constexpr int64_t kOneWorker = 1'000'000;

int64_t guess(int64_t workers) {
  return multiply_saturating(workers, kOneWorker * (kGuessWorkers + 1)) / (kGuessWorkers + workers);
}

}  // namespace

Speedup::Speedup(std::vector<RatePoint> points) : points_(std::move(points)) {
  std::erase_if(points_, [](const RatePoint& p) { return p.workers <= 0 || p.rate_milli < 0; });
  std::sort(points_.begin(), points_.end(), [](const RatePoint& a, const RatePoint& b) {
    return std::tie(a.workers, a.rate_milli) < std::tie(b.workers, b.rate_milli);
  });
  const auto same = [](const RatePoint& a, const RatePoint& b) { return a.workers == b.workers; };
  points_.erase(std::unique(points_.begin(), points_.end(), same), points_.end());
}

int64_t Speedup::rate_milli(int64_t workers) const {
  if (workers <= 0) return 0;
  if (points_.empty()) return guess(workers);
  const auto above =
      std::lower_bound(points_.begin(), points_.end(), workers,
                       [](const RatePoint& point, int64_t w) { return point.workers < w; });
  if (above == points_.end()) return points_.back().rate_milli;
  const RatePoint below = above == points_.begin() ? RatePoint{} : *std::prev(above);
  return below.rate_milli +
         multiply_saturating(above->rate_milli - below.rate_milli, workers - below.workers) /
             (above->workers - below.workers);
}

std::vector<int64_t> Speedup::counts_between(int64_t low, int64_t high) const {
  std::vector<int64_t> counts{low};
  for (const RatePoint& point : points_) {
    if (point.workers > low && point.workers < high) counts.push_back(point.workers);
  }
  // The guess bends everywhere, so the next count is the best; so may a rounded straight line.
  if (low + 1 < high) counts.push_back(low + 1);
  if (high - 1 > low) counts.push_back(high - 1);
  counts.push_back(high);
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

}  // namespace berth::sched
