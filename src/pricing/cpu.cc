#include "pricing/cpu.h"

#include <algorithm>
#include <cmath>

namespace berth::pricing {

Result<std::vector<CpuPrice>> cpu_prices(std::span<const Demand> mix,
                                         std::span<const NodeCpu> nodes,
                                         const CpuOptions& options) {
  double asked_cpu = 0;
  double asked_devices = 0;
  for (const Demand& demand : mix) {
    if (demand.weight < 0 || demand.devices < 0 || demand.milli_each < 0 || demand.cpu_milli < 0) {
      return Error{Code::Invalid, "CPU prices: a class asks for less than nothing"};
    }
    asked_cpu += double(demand.weight) * double(demand.cpu_milli);
    asked_devices += double(demand.weight) * demand.devices * double(demand.milli_each);
  }
  std::vector<CpuPrice> prices;
  for (const NodeCpu& each : nodes) {
    if (each.cpu_milli < 0 || each.device_milli < 0) {
      return Error{Code::Invalid, "CPU prices: " + each.type + " has less than nothing"};
    }
    CpuPrice& price = prices.emplace_back(CpuPrice{.type = each.type});
    const double enough = asked_devices * double(each.cpu_milli);
    const double wanted = asked_cpu * double(each.device_milli);
    if (wanted <= enough) continue;
    const double shortage = enough > 0 ? std::min(wanted / enough - 1, 1.0) : 1;
    price.micro_per_core = std::lround(shortage * double(options.micro_per_core_max));
  }
  return prices;
}

}  // namespace berth::pricing
