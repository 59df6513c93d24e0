#include "sched/explain/explain.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "sched/core/regions.h"
#include "sched/core/why.h"
#include "sched/cpu_class.h"
#include "sched/explain/forecast.h"

namespace berth::sched {
namespace {

void add_quota(const QuotaTree& tree, const QuotaId& leaf, const Alternative& wants,
               ClassNumbers& numbers) {
  const Column whole = wants.device_class;
  const Column there = column_of(whole, wants.region.value_or(std::string()));
  const Column& column = tree.find_class(there) ? there : whole;
  numbers.is_listed = tree.lists(leaf, wants.device_class);
  const auto at = tree.find_class(column);
  if (numbers.is_listed) {
    // What it does not list for the region is what it lists for all of them.
    const auto& listed = tree.limits(leaf);
    const auto limit =
        listed.find(column) == listed.end() ? listed.find(whole) : listed.find(column);
    numbers.limit = limit == listed.end() ? tree.limit(*tree.find(leaf), *at) : limit->second;
  }
  numbers.used = tree.used(leaf, column);
  numbers.borrowed = tree.borrowed(leaf, column);
  numbers.refused = tree.refuses(leaf, whole, wants.total());
  if (!numbers.refused) numbers.refused = tree.refuses(leaf, column, wants.total());
}

std::vector<ClassNumbers> numbers_of(World& world, const Ask& asked) {
  std::vector<ClassNumbers> all;
  const bool has_quota = asked.quota && world.tree().knows(*asked.quota);
  std::optional<Ask> by_region;
  if (has_quota) {
    const QuotaTree& tree = world.tree();
    by_region = Regions(world, tree).spread(asked, *tree.find(*asked.quota));
  }
  const Ask& ask = by_region ? *by_region : asked;
  for (const Alternative& wants : ask.alternatives) {
    if (is_cpu(wants)) continue;
    const Stock stock = stock_of(world, wants);
    ClassNumbers numbers{.device_class = wants.device_class,
                         .region = wants.region,
                         .wants = wants.total(),
                         .exist = stock.exist,
                         .free = stock.free};
    if (has_quota) add_quota(world.tree(), *ask.quota, wants, numbers);
    all.push_back(std::move(numbers));
  }
  return all;
}

// What of each holding is above the guarantee of its quota, the oldest counting first.
void mark_borrowed(const std::vector<Quota>& quotas, std::vector<HeldDevices>& holdings) {
  std::map<std::pair<QuotaId, DeviceClass>, int64_t> guaranteed;
  for (const Quota& quota : quotas) {
    for (const auto& [column, limit] : quota.limits) {
      const DeviceClass of = class_in(column);
      if (is_regional(column) && quota.limits.contains(of)) continue;
      guaranteed[{quota.id, of}] = add_saturating(guaranteed[{quota.id, of}], limit.guaranteed);
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
