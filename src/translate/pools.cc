#include "translate/pools.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace berth::translate {
namespace {

bool is_older(const api::CapacityPool* a, const api::CapacityPool* b) {
  return std::tie(a->meta.creation, a->meta.name) < std::tie(b->meta.creation, b->meta.name);
}

// What discover() and a pool may change.
auto devices_of(const Node& node) {
  return std::tuple(node.resource, node.device_class, node.devices, node.installed, node.terms);
}

}  // namespace

bool Pool::selects(const Node& node) const {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
    const auto label = node.meta.labels.find(wanted.first);
    return label != node.meta.labels.end() && label->second == wanted.second;
  });
}

const Pool* Pools::of(const Node& node) const {
  const auto at = std::find_if(pools.begin(), pools.end(),
                               [&](const Pool& pool) { return pool.selects(node); });
  return at == pools.end() ? nullptr : &*at;
}

bool Pools::is_right(const Node& node) const {
  const Pool* pool = of(node);
  if (pool == nullptr) return node.terms.pool.empty();
  return node.terms == pool->terms && node.device_class == pool->device_class &&
         node.resource == pool->resource;
}

std::vector<const Pool*> Pools::losers(const Node& node) const {
  std::vector<const Pool*> found;
  for (const Pool& pool : pools) {
    if (pool.selects(node)) found.push_back(&pool);
  }
  if (!found.empty()) found.erase(found.begin());
  return found;
}

bool Pools::has(const Accelerators& accelerators, const std::string& device_class,
                std::string_view resource) const {
  const bool by_pool = std::any_of(pools.begin(), pools.end(), [&](const Pool& pool) {
    return pool.device_class == device_class && pool.resource == resource;
  });
  return by_pool || translate::resource_of(accelerators, device_class) == resource;
}

std::string Pools::resource_of(const Accelerators& accelerators,
                               const std::string& device_class) const {
  const auto at = std::find_if(pools.begin(), pools.end(),
                               [&](const Pool& pool) { return pool.device_class == device_class; });
  if (at != pools.end()) return at->resource;
  return translate::resource_of(accelerators, device_class);
}

std::vector<std::string> Pools::levels_from(const std::string& device_class,
                                            const std::string& level) const {
  for (const Pool& pool : pools) {
    if (pool.device_class != device_class) continue;
    const auto at = std::find(pool.topology.rbegin(), pool.topology.rend(), level);
    if (at != pool.topology.rend()) return {at, pool.topology.rend()};
  }
  return {level};
}

void Pools::widen(sched::Ask& ask) const {
  if (!ask.near || ask.near->required || ask.near->levels.empty() || ask.alternatives.empty()) {
    return;
  }
  auto levels = levels_from(ask.alternatives.front().device_class, ask.near->levels.front());
  if (levels == ask.near->levels) return;
  ask.near->levels = std::move(levels);
  ask.shape = sched::shape_of(ask);
}

std::optional<int64_t> Pools::dearest_price(const std::string& device_class) const {
  std::optional<int64_t> dearest;
  for (const Pool& pool : pools) {
    if (pool.device_class == device_class) {
      dearest = std::max(dearest, pool.terms.micro_usd_per_device_hour);  // nothing is the least
    }
  }
  return dearest;
}

Pools settle(std::vector<const api::CapacityPool*> pools, const Accelerators& accelerators) {
  std::sort(pools.begin(), pools.end(), is_older);
  Pools settled;
  for (const api::CapacityPool* pool : pools) {
    const api::CapacityPoolSpec& spec = pool->spec;
    if (!accelerators.contains(spec.resource)) {
      settled.problems.emplace(
          pool->meta.name,
          PoolProblem{"NotGated", spec.resource + " is not one of the accelerators that Berth "
                                                  "manages: pods could take its devices past it"});
      continue;
    }
    settled.pools.push_back(
        {.selector = spec.node_selector,
         .device_class = spec.device_class,
         .resource = spec.resource,
         .topology = spec.topology,
         .terms = {.pool = pool->meta.name,
                   .region = spec.region,
                   .interruptible = spec.interruptible,
                   .micro_usd_per_device_hour = spec.micro_usd_per_device_hour}});
  }
  return settled;
}

bool enter(Node& node, const Pools& pools) {
  const auto before = devices_of(node);
  discover(node);
  if (const Pool* pool = pools.of(node)) {
    node.resource = pool->resource;
    node.device_class = pool->device_class;
    node.devices = node.installed = 0;
    for (const DeviceCount& count : node.counts) {
      if (count.resource != pool->resource) continue;
      node.devices = count.allocatable;
      node.installed = count.capacity;
    }
    node.terms = pool->terms;
  }
  return before != devices_of(node);
}

}  // namespace berth::translate
