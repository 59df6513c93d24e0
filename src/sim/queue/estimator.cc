#include "sim/queue/estimator.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace berth::sim::queue {
namespace {

constexpr int64_t kFewest = 5;
constexpr int64_t kPercent = 80;
constexpr Millis kFirstGuess = std::chrono::hours(1);

// The octave is the place of the highest bit, the quarter the two bits below it.
size_t cell_of(Millis ran, size_t cells) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(ran.count(), 4));
  const auto octave = static_cast<size_t>(std::bit_width(value)) - 1;
  return std::min(octave * 4 + ((value >> (octave - 2)) & 3), cells - 1);
}

Millis end_of(size_t cell) {
  const size_t octave = cell / 4;
  return Millis(octave < 2 ? 4 : static_cast<int64_t>((5 + cell % 4) << (octave - 2)));
}

template <class Cells>
std::optional<Millis> percentile(const Cells& cells, Millis already_run) {
  const size_t first = already_run.count() == 0 ? 0 : cell_of(already_run, cells.size()) + 1;
  int64_t longer = 0;
  for (size_t cell = first; cell < cells.size(); ++cell) longer += cells[cell];
  if (longer < kFewest) return std::nullopt;
  int64_t below = 0;
  for (size_t cell = first; cell < cells.size(); ++cell) {
    below += cells[cell];
    if (below * 100 >= longer * kPercent) return end_of(cell);
  }
  return std::nullopt;
}

}  // namespace

Millis PercentileEstimator::estimate(const VisibleJob& job, Millis already_run) const {
  const std::pair<int64_t, int64_t> groups[] = {
      {job.tenant, job.devices}, {job.tenant, kAny}, {kAny, kAny}};
  for (const auto& group : groups) {
    const auto seen = seen_.find(group);
    if (seen == seen_.end()) continue;
    const bool is_fresh = already_run == Millis{};
    if (const auto guess =
            is_fresh ? seen->second.at_start : percentile(seen->second.cells, already_run)) {
      return std::max(*guess, already_run + Millis(1));
    }
  }
  return std::max(kFirstGuess, 2 * already_run);
}

void PercentileEstimator::learn(const VisibleJob& job, Millis ran) {
  const std::pair<int64_t, int64_t> groups[] = {
      {job.tenant, job.devices}, {job.tenant, kAny}, {kAny, kAny}};
  for (const auto& group : groups) {
    Seen& seen = seen_[group];
    ++seen.cells[cell_of(ran, seen.cells.size())];
    seen.at_start = percentile(seen.cells, Millis{});
  }
}

}  // namespace berth::sim::queue
