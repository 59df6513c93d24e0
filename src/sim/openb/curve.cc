#include "sim/openb/curve.h"

#include <cmath>
#include <numeric>

namespace berth::sim::openb {

void Curve::add(int64_t arrived_milli, int64_t allocated_milli) {
  const auto percent =
      static_cast<int32_t>((arrived_milli * 100 + capacity_milli_ / 2) / capacity_milli_);
  Sum& sum = sums_[percent];
  sum.allocated_milli += allocated_milli;
  ++sum.pods;
}

std::optional<double> Curve::at(int32_t percent) const {
  auto from = sums_.find(percent);
  auto to = from == sums_.end() ? from : std::next(from);
  if (from == sums_.end()) {
    from = sums_.lower_bound(percent - 1);
    to = sums_.upper_bound(percent + 1);
  }
  Sum sum;
  for (; from != to; ++from) {
    sum.allocated_milli += from->second.allocated_milli;
    sum.pods += from->second.pods;
  }
  if (sum.pods == 0) return std::nullopt;
  return static_cast<double>(sum.allocated_milli) * 100 / static_cast<double>(sum.pods) /
         static_cast<double>(capacity_milli_);
}

std::optional<double> mean(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> deviation(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  const double middle = *mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - middle) * (value - middle);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace berth::sim::openb
