#include "sched/sla/promises.h"

#include <algorithm>
#include <vector>

#include "base/saturating.h"

namespace berth::sched {
namespace {

int64_t demand_of(const Promised& promised) {
  return multiply_saturating(promised.devices, promised.percent);
}

}  // namespace

void Promises::make(const WorkloadId& id, const Promised& promised) {
  end(id);
  by_id_.emplace(id, promised);
  int64_t& sum = sums_[promised.device_class];
  sum = add_saturating(sum, demand_of(promised));
}

void Promises::end(const WorkloadId& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  sums_[found->second.device_class] -= demand_of(found->second);
  by_id_.erase(found);
}

int64_t Promises::promised(const DeviceClass& device_class) const {
  const auto found = sums_.find(device_class);
  return found == sums_.end() ? 0 : found->second;
}

PromiseAnswer Promises::can_promise(const WorkloadId& id, const Promised& wanted,
                                    const Promisable& there, Instant now) const {
  PromiseAnswer answer{.demand = demand_of(wanted), .promised = promised(wanted.device_class)};
  const auto own = by_id_.find(id);
  if (own != by_id_.end() && own->second.device_class == wanted.device_class) {
    answer.promised -= demand_of(own->second);
  }
  answer.promisable =
      multiply_saturating(std::max<int64_t>(0, there.devices - there.repair_headroom), 100);
  answer.can =
      answer.demand == 0 || add_saturating(answer.promised, answer.demand) <= answer.promisable;
  if (answer.can) {
    answer.earliest = now;
    return answer;
  }
  std::vector<Use> uses;
  for (const auto& [other, promised] : by_id_) {
    if (other == id || promised.device_class != wanted.device_class) continue;
    // Overdue means still there: it ends any moment, but not before.
    uses.push_back({Instant::min(), std::max(promised.ends, now + Millis{1}), demand_of(promised)});
  }
  answer.earliest =
      Profile::of(answer.promisable, uses).first_fit(answer.demand, Millis::max(), now);
  return answer;
}

}  // namespace berth::sched
