#include "pricing/scarcity.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/saturating.h"
#include "lp/program.h"

namespace berth::pricing {
namespace {

constexpr int64_t kDeviceMilli = 1000;

using Types = std::vector<int>;  // places in the supply, ascending

Status check(std::span<const Demand> mix, std::span<const Supply> supply,
             const ScarcityOptions& options) {
  if (options.steps <= 0 || options.demand_percent < 0 || options.growth_percent_max < 0 ||
      options.milli_per_device_max < 0) {
    return Error{Code::Invalid, "scarcity prices: want steps, and no negative option"};
  }
  for (const Demand& demand : mix) {
    if (demand.weight < 0 || demand.devices < 0 || demand.milli_each < 0) {
      return Error{Code::Invalid, "scarcity prices: a class asks for less than nothing"};
    }
  }
  std::set<std::string> names;
  for (const Supply& each : supply) {
    if (each.free_milli < 0) {
      return Error{Code::Invalid, "scarcity prices: less than nothing is free of " + each.type};
    }
    if (!names.insert(each.type).second) {
      return Error{Code::Invalid, "scarcity prices: " + each.type + " is named twice"};
    }
  }
  return Done{};
}

Types types_for(const Demand& demand, std::span<const Supply> supply) {
  Types types;
  for (size_t i = 0; i < supply.size(); ++i) {
    const bool is_named =
        demand.types.empty() ||
        std::find(demand.types.begin(), demand.types.end(), supply[i].type) != demand.types.end();
    if (is_named && demand.devices <= supply[i].devices_per_node_max) types.push_back(int(i));
  }
  return types;
}

// The demand for each set of types, in devices, when all of the mix together asks for
// `demand_percent` of what is free.
std::map<Types, double> demand_by_types(std::span<const Demand> mix, std::span<const Supply> supply,
                                        int64_t demand_percent) {
  std::map<Types, double> milli_by_types;
  double mix_milli = 0;
  for (const Demand& demand : mix) {
    const double milli = double(
        multiply_saturating(demand.weight, multiply_saturating(demand.devices, demand.milli_each)));
    mix_milli += milli;
    if (milli > 0) milli_by_types[types_for(demand, supply)] += milli;
  }
  double free_devices = 0;
  for (const Supply& each : supply) free_devices += double(each.free_milli) / kDeviceMilli;
  for (auto& [types, amount] : milli_by_types) {
    amount *= free_devices * double(demand_percent) / 100 / mix_milli;
  }
  return milli_by_types;
}

// Devices by type, then demand by set of types.
class Flow {
 public:
  Flow(std::span<const Supply> supply, const std::map<Types, double>& demand)
      : types_(supply.size()), supply_(supply), demand_(demand) {}

  Status build() {
    for (const Supply& each : supply_) {
      const double devices = double(each.free_milli) / kDeviceMilli;
      BERTH_TRY(program_.add_row(lp::Row::AtMost, devices * (1 + 1e-7) + 1e-6));
    }
    for (const auto& [types, devices] : demand_) {
      if (types.empty() || types.size() == types_) continue;  // runs nowhere, or anywhere
      const int row = BERTH_TRY(program_.add_row(lp::Row::AtMost, 0));
      devices_.push_back(devices);
      for (const int type : types) {
        BERTH_TRY(program_.add_column(1, std::vector<lp::Term>{{row, 1}, {type, 1}}));
      }
    }
    return Done{};
  }

  bool is_idle() const { return devices_.empty(); }

  // 0 or 1 by type.
  Result<std::vector<int>> scarce_at(double growth) {
    for (size_t i = 0; i < devices_.size(); ++i) {
      BERTH_TRY(program_.set_bound(int(types_ + i), devices_[i] * growth));
    }
    const lp::Solution solution = BERTH_TRY(program_.solve());
    std::vector<int> scarce;
    for (size_t type = 0; type < types_; ++type) {
      scarce.push_back(int(std::lround(solution.duals[type])));
    }
    return scarce;
  }

 private:
  size_t types_;
  std::span<const Supply> supply_;
  const std::map<Types, double>& demand_;
  std::vector<double> devices_;  // by row of demand
  lp::Program program_;
};

}  // namespace

Result<std::vector<TypePrice>> scarcity_prices(std::span<const Demand> mix,
                                               std::span<const Supply> supply,
                                               const ScarcityOptions& options) {
  BERTH_TRY(check(mix, supply, options));
  std::vector<TypePrice> prices;
  for (const Supply& each : supply) prices.push_back({.type = each.type});
  const std::map<Types, double> demand = demand_by_types(mix, supply, options.demand_percent);
  Flow flow(supply, demand);
  BERTH_TRY(flow.build());
  if (flow.is_idle()) return prices;
  std::vector<int64_t> times_scarce(supply.size());
  for (int step = 1; step <= options.steps; ++step) {
    const double growth = double(options.growth_percent_max) * step / options.steps / 100;
    const std::vector<int> scarce = BERTH_TRY(flow.scarce_at(growth));
    for (size_t type = 0; type < scarce.size(); ++type) times_scarce[type] += scarce[type];
  }
  const int64_t least = *std::min_element(times_scarce.begin(), times_scarce.end());
  for (size_t type = 0; type < prices.size(); ++type) {
    prices[type].milli_per_device =
        (times_scarce[type] - least) * options.milli_per_device_max / options.steps;
  }
  return prices;
}

}  // namespace berth::pricing
