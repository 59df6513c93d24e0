#include "slo/percentile.h"

#include <algorithm>

#include "base/saturating.h"

namespace berth::slo {
namespace {

constexpr int64_t kAllBasisPoints = 10'000;

bool is_sound(const LatencyHistogram& histogram) {
  return histogram.counts.size() == histogram.upper_ms.size() + 1;
}

int64_t total(const LatencyHistogram& histogram) {
  int64_t sum = 0;
  for (const int64_t count : histogram.counts) sum = add_saturating(sum, count);
  return sum;
}

}  // namespace

std::optional<Percentile> percentile(const LatencyHistogram& histogram, int64_t basis_points) {
  if (!is_sound(histogram)) return std::nullopt;
  const __int128 all = total(histogram);
  if (all == 0) return std::nullopt;
  // The request of that rank, counted from 1.
  const __int128 rank =
      std::max<__int128>(1, (all * basis_points + kAllBasisPoints - 1) / kAllBasisPoints);
  __int128 below = 0;
  int64_t lower = 0;
  for (size_t at = 0; at < histogram.upper_ms.size(); ++at) {
    const int64_t upper = histogram.upper_ms[at];
    const int64_t count = histogram.counts[at];
    if (below + count >= rank) {
      const __int128 part =
          (static_cast<__int128>(upper - lower) * (rank - below) + count - 1) / count;
      return Percentile{lower + static_cast<int64_t>(part), lower, upper};
    }
    below += count;
    lower = upper;
  }
  return Percentile{lower, lower, std::nullopt};
}

std::optional<int64_t> late(const LatencyHistogram& histogram, int64_t bound_ms) {
  if (!is_sound(histogram)) return std::nullopt;
  const auto& bounds = histogram.upper_ms;
  const auto found = std::lower_bound(bounds.begin(), bounds.end(), bound_ms);
  if (found == bounds.end() || *found != bound_ms) return std::nullopt;
  int64_t sum = 0;
  for (auto at = static_cast<size_t>(found - bounds.begin()) + 1; at < histogram.counts.size();
       ++at) {
    sum = add_saturating(sum, histogram.counts[at]);
  }
  return sum;
}

}  // namespace berth::slo
