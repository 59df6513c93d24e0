#include "sched/explain/explain.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "sched/core/why.h"
#include "sched/cpu_class.h"
#include "sched/explain/forecast.h"

namespace berth::sched {
namespace {

std::vector<ClassNumbers> numbers_of(World& world, const Ask& ask) {
  std::vector<ClassNumbers> all;
  const bool has_quota = ask.quota && world.tree().knows(*ask.quota);
  for (const Alternative& wants : ask.alternatives) {
    if (is_cpu(wants)) continue;
    const Stock stock = stock_of(world, wants.device_class);
    ClassNumbers numbers{.device_class = wants.device_class,
                         .wants = wants.total(),
                         .exist = stock.exist,
                         .free = stock.free};
    if (has_quota) {
      const QuotaTree& tree = world.tree();
      const auto& limits = tree.limits(*ask.quota);
      const auto limit = limits.find(wants.device_class);
      numbers.is_listed = limit != limits.end();
      if (numbers.is_listed) numbers.limit = limit->second;
      numbers.used = tree.used(*ask.quota, wants.device_class);
      numbers.borrowed = tree.borrowed(*ask.quota, wants.device_class);
      numbers.refused = tree.refuses(*ask.quota, wants.device_class, wants.total());
    }
    all.push_back(std::move(numbers));
  }
  return all;
}

// What of each holding is above the guarantee of its quota, the oldest counting first.
void mark_borrowed(const std::vector<Quota>& quotas, std::vector<HeldDevices>& holdings) {
  std::map<std::pair<QuotaId, DeviceClass>, int64_t> guaranteed;
  for (const Quota& quota : quotas) {
    for (const auto& [device_class, limit] : quota.limits) {
      guaranteed[{quota.id, device_class}] = limit.guaranteed;
    }
  }
  for (HeldDevices& holding : holdings) {
    if (!holding.quota) continue;
    int64_t& left = guaranteed[{*holding.quota, holding.device_class}];
    const int64_t own = std::min(left, holding.devices);
    holding.borrowed = holding.devices - own;
    left -= own;
  }
}

std::vector<HeldDevices> holdings_of(const Scene& scene, const Ask& ask) {
  std::set<DeviceClass> asked;
  for (const Alternative& wants : ask.alternatives) asked.insert(wants.device_class);
  std::vector<HeldDevices> holdings;
  for (const Running& running : scene.running) {
    std::map<DeviceClass, HeldDevices> by_class;
    for (const Charge& charge : running.holder.charges) {
      if (charge.devices == 0 || !asked.contains(charge.device_class)) continue;
      HeldDevices& holding = by_class[charge.device_class];
      holding.devices = add_saturating(holding.devices, charge.devices);
      if (charge.kind == ChargeKind::Admitted) holding.quota = charge.quota;
    }
    for (auto& [device_class, holding] : by_class) {
      holding.source = running.holder.source;
      holding.name = running.name;
      holding.device_class = device_class;
      holding.since = running.since;
      holdings.push_back(std::move(holding));
    }
  }
  std::sort(holdings.begin(), holdings.end(), [](const HeldDevices& a, const HeldDevices& b) {
    return std::tie(a.quota, a.since, a.source, a.device_class) <
           std::tie(b.quota, b.since, b.source, b.device_class);
  });
  mark_borrowed(scene.quotas, holdings);
  return holdings;
}

}  // namespace

std::optional<Explanation> explain(const Scene& scene, const WorkloadId& id) {
  const auto ask = std::find_if(scene.waiting.begin(), scene.waiting.end(),
                                [&](const Ask& one) { return one.id == id; });
  if (ask == scene.waiting.end()) return std::nullopt;
  auto decision = decide(scene, id);
  if (!decision) return std::nullopt;
  World world(scene.settings);
  fill(world, scene);
  Explanation told{.id = id,
                   .decision = *std::move(decision),
                   .numbers = numbers_of(world, *ask),
                   .holdings = holdings_of(scene, *ask),
                   .fixes = {},
                   .starts = scene.now};
  if (const auto* hold = std::get_if<Hold>(&told.decision)) {
    told.fixes = fixes_for(scene, id);
    // A planned start goes by the one end that is expected of each run, and is late more often than
    // not.
    const bool is_planned = hold->starts != Instant::max();
    told.starts = is_planned && futures_of(scene) == 1 ? hold->starts : forecast_start(scene, id);
    if (told.starts == Instant::max()) told.starts = hold->starts;
  }
  return told;
}

}  // namespace berth::sched
