#include "translate/class_values.h"

#include <algorithm>

#include "sched/share_class.h"

namespace berth::translate {

ClassValues values_of(const Pools& pools, const std::set<sched::DeviceClass>& classes) {
  constexpr int64_t kWhole = 100;
  ClassValues values;
  const bool is_any_cut = std::any_of(pools.pools.begin(), pools.pools.end(),
                                      [](const Pool& pool) { return !pool.shares.empty(); });
  if (!is_any_cut) return values;
  for (const sched::DeviceClass& one : classes) {
    sched::ClassValue& value = values[one];
    value.value = kWhole;
    if (!sched::is_share_class(one)) continue;
    for (const Share& share : pools.shares_of(sched::whole_class(one))) {
      if (share.device_class == one) value.value = share.compute_percent;
    }
  }
  return values;
}

std::set<sched::DeviceClass> classes_of(const sched::QuotaTree& tree,
                                        const std::map<sched::DeviceClass, int64_t>& capacity) {
  std::set<sched::DeviceClass> classes;
  for (size_t at = 0; at < tree.classes(); ++at) {
    classes.insert(tree.name(at));
  }
  for (const auto& [device_class, devices] : capacity) classes.insert(device_class);
  return classes;
}

bool are_same(const ClassValues& a, const ClassValues& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.value == y.second.value && x.second.kind == y.second.kind;
  });
}

}  // namespace berth::translate
