#include "pricing/waste.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/saturating.h"
#include "lp/program.h"

namespace berth::pricing {
namespace {

constexpr size_t kMilliPerDevice = 1000;
constexpr double kDevices = 1000;  // the size of the program; duals do not depend on it
constexpr int kRoundsMax = 200;    // a bound on time; 10 to 40 rounds are usual
constexpr double kWorthwhile = 1e-6;

// Thousandths asked for by share, in ascending order.
using Sizes = std::map<size_t, double>;

Result<Sizes> sizes_of(std::span<const Demand> mix) {
  Sizes sizes;
  for (const Demand& demand : mix) {
    if (demand.weight < 0 || demand.devices < 0 || demand.milli_each < 0) {
      return Error{Code::Invalid, "waste: a class asks for less than nothing"};
    }
    const int64_t shares = multiply_saturating(demand.weight, demand.devices);
    if (shares == 0 || demand.milli_each == 0) continue;
    const auto milli = std::min(static_cast<size_t>(demand.milli_each), kMilliPerDevice);
    sizes[milli] += double(shares) * double(milli);
  }
  return sizes;
}

// The most that shares of these values make of every rest, and which share was put in last.
struct Knapsack {
  explicit Knapsack(const std::vector<size_t>& milli, const std::vector<double>& values)
      : best(kMilliPerDevice + 1), last(kMilliPerDevice + 1, -1) {
    for (size_t rest = 1; rest <= kMilliPerDevice; ++rest) {
      best[rest] = best[rest - 1];
      for (size_t i = 0; i < milli.size() && milli[i] <= rest; ++i) {
        const double value = best[rest - milli[i]] + values[i];
        if (value <= best[rest] + kWorthwhile) continue;
        best[rest] = value;
        last[rest] = static_cast<int>(i);
      }
    }
  }
  std::vector<double> best;
  std::vector<int> last;  // -1: as one thousandth less
};

// Rows: sizes, then devices. Columns: what one device may hold.
class CuttingStock {
 public:
  CuttingStock(const Sizes& sizes, double demand) {
    double all = 0;
    for (const auto& [milli, asked] : sizes) all += asked;
    for (const auto& [milli, asked] : sizes) {
      milli_.push_back(milli);
      shares_.push_back(asked / all * demand * kDevices * kMilliPerDevice / double(milli));
    }
  }

  Result<std::vector<int16_t>> waste() {
    for (const double shares : shares_) BERTH_TRY(program_.add_row(lp::Row::AtMost, shares));
    BERTH_TRY(program_.add_row(lp::Row::AtMost, kDevices));
    for (int round = 0;; ++round) {
      const lp::Solution solution = BERTH_TRY(program_.solve());
      std::vector<double> values;
      for (size_t i = 0; i < milli_.size(); ++i) {
        values.push_back(double(milli_[i]) - std::max(0.0, solution.duals[i]));
      }
      const Knapsack knapsack(milli_, values);
      const bool is_better = knapsack.best.back() > solution.duals[milli_.size()] + kWorthwhile;
      if (!is_better || round == kRoundsMax) return rounded(knapsack.best);
      BERTH_TRY(add(knapsack));
    }
  }

 private:
  Status add(const Knapsack& knapsack) {
    std::vector<int> counts(milli_.size());
    double milli = 0;
    for (size_t rest = kMilliPerDevice; rest > 0;) {
      const int share = knapsack.last[rest];
      if (share < 0) {
        --rest;
        continue;
      }
      ++counts[static_cast<size_t>(share)];
      rest -= milli_[static_cast<size_t>(share)];
      milli += double(milli_[static_cast<size_t>(share)]);
    }
    std::vector<lp::Term> terms{{int(milli_.size()), 1}};
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0) terms.push_back({int(i), double(counts[i])});
    }
    BERTH_TRY(program_.add_column(milli, terms));
    return Done{};
  }

  static std::vector<int16_t> rounded(const std::vector<double>& best) {
    std::vector<int16_t> waste;
    for (size_t rest = 0; rest < best.size(); ++rest) {
      const double lost = double(rest) - best[rest];
      waste.push_back(static_cast<int16_t>(std::lround(std::clamp(lost, 0.0, double(rest)))));
    }
    return waste;
  }

  std::vector<size_t> milli_;   // by size, ascending
  std::vector<double> shares_;  // asked for, by size
  lp::Program program_;
};

}  // namespace

Result<std::vector<int16_t>> waste_by_rest(std::span<const Demand> mix,
                                           const WasteOptions& options) {
  if (options.demand_percent <= 0) return Error{Code::Invalid, "waste: want demand"};
  const Sizes sizes = BERTH_TRY(sizes_of(mix));
  if (sizes.empty()) return std::vector<int16_t>(kMilliPerDevice + 1);
  return CuttingStock(sizes, double(options.demand_percent) / 100).waste();
}

}  // namespace berth::pricing
