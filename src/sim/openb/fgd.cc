#include "sim/openb/fgd.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace berth::sim::openb {
namespace {

// What becomes usable or stops being so when one device gives up `milli`, under the sums of the CPU
// that is left: usable(after) = usable(before, with that CPU) + change.
int64_t change_of_share(const Fragmentation::Sums& sums, int32_t free, int32_t milli,
                        int32_t whole) {
  int64_t change = sums.of_part(free - milli) - sums.of_part(free);
  if (free == kWhole) change += sums.of_whole(whole - 1) - sums.of_whole(whole);
  return change;
}

}  // namespace

int64_t Fgd::best_gain(const NodeState& node, const Shape& shape) const {
  const Fragmentation::Sums sums =
      fragmentation_.sums(node.model, node.cpu_milli - shape.cpu_milli);
  const int32_t whole = node.devices_with(kWhole);
  int64_t usable = sums.of_whole(whole);
  for (int32_t i = 0; i < node.devices; ++i) usable += sums.of_part(node.free_of(i));
  int64_t change = 0;
  if (shape.is_share()) {
    change = std::numeric_limits<int64_t>::min();
    for (int32_t i = 0; i < node.devices; ++i) {
      const int32_t free = node.free_of(i);
      if (free < shape.device_milli) continue;
      change = std::max(change, change_of_share(sums, free, shape.device_milli, whole));
    }
  } else {
    change = sums.of_whole(whole - shape.devices) - sums.of_whole(whole) -
             shape.devices * sums.of_part(kWhole);
  }
  return shape.total_milli() * fragmentation_.weight() - fragmentation_.usable(node) + usable +
         change;
}

int32_t Fgd::score_of(int64_t gain) const {
  const double milli = static_cast<double>(gain) / static_cast<double>(fragmentation_.weight());
  return static_cast<int32_t>(100 / (1 + std::exp(-milli / 1000)));
}

int32_t Fgd::score(const NodeState& node, const Shape& shape) const {
  return score_of(best_gain(node, shape));
}

DeviceSet Fgd::choose(const NodeState& node, const Shape& shape) {
  if (!shape.is_share()) return Scorer::choose(node, shape);
  // The first device of the best score, not of the best gain: the published one compares scores.
  const int32_t best = score(node, shape);
  for (int32_t i = 0; i < node.devices; ++i) {
    if (node.free_of(i) < shape.device_milli) continue;
    NodeState after = node;
    after.take(shape, 1U << i);
    const int64_t gain = shape.total_milli() * fragmentation_.weight() -
                         fragmentation_.usable(node) + fragmentation_.usable(after);
    if (score_of(gain) == best) return 1U << i;
  }
  return Scorer::choose(node, shape);
}

}  // namespace berth::sim::openb
