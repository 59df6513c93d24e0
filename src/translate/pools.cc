#include "translate/pools.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "kube/quantity.h"
#include "sched/share_class.h"

namespace berth::translate {
namespace {

bool is_older(const api::CapacityPool* a, const api::CapacityPool* b) {
  return std::tie(a->meta.creation, a->meta.name) < std::tie(b->meta.creation, b->meta.name);
}

// What discover() and a pool may change.
auto devices_of(const Node& node) {
  return std::tuple(node.resource, node.whole_resource, node.device_class, node.devices,
                    node.installed, node.terms);
}

// What a node of a pool gives out.
struct Kind {
  DeviceCount count;
  const Share* share = nullptr;  // empty: whole devices
  std::string device_class;
};

DeviceCount count_of(const Node& node, const std::string& resource) {
  const auto at = std::find_if(node.counts.begin(), node.counts.end(),
                               [&](const DeviceCount& one) { return one.resource == resource; });
  return at == node.counts.end() ? DeviceCount{.resource = resource} : *at;
}

// More than another: of a node that has lost all its devices, what it had most of, so that what
// runs there stays explained.
bool is_more(const DeviceCount& a, const DeviceCount& b) {
  if (a.allocatable != b.allocatable) return a.allocatable > b.allocatable;
  return a.allocatable == 0 && a.capacity > b.capacity;
}

Kind kind_of(const Pool& pool, const Node& node) {
  Kind kind{count_of(node, pool.resource), nullptr, pool.device_class};
  for (const Share& share : pool.shares) {
    DeviceCount has = count_of(node, share.resource);
    if (is_more(has, kind.count)) kind = {std::move(has), &share, share.device_class};
  }
  return kind;
}

PoolTerms terms_of(const Pool& pool, const Kind& kind) {
  PoolTerms terms = pool.terms;
  if (kind.share != nullptr) terms.micro_usd_per_device_hour = kind.share->micro_usd_per_hour;
  return terms;
}

// The resource whose units the pool has as devices of that class.
const std::string* units_of(const Pool& pool, std::string_view device_class) {
  if (pool.device_class == device_class) return &pool.resource;
  const auto at = std::find_if(pool.shares.begin(), pool.shares.end(), [&](const Share& share) {
    return share.device_class == device_class;
  });
  return at == pool.shares.end() ? nullptr : &at->resource;
}

int64_t bytes_of(const std::string& quantity) {
  const auto bytes = kube::parse_quantity(quantity);
  return bytes ? *bytes : 0;
}

std::vector<Share> shares_of(const api::CapacityPoolSpec& spec) {
  std::vector<Share> shares;
  for (const api::PoolShare& one : spec.shares) {
    Share share{.resource = one.resource,
                .device_class = sched::share_class(spec.device_class, one.resource),
                .memory_bytes = bytes_of(one.memory),
                .compute_percent = one.compute_percent,
                .micro_usd_per_hour = spec.micro_usd_per_device_hour};
    if (auto& price = share.micro_usd_per_hour) {
      price = sched::price_of_share(*price, one.compute_percent);
    }
    shares.push_back(std::move(share));
  }
  return shares;
}

PoolProblem not_gated(const std::string& resource) {
  return {"NotGated", resource +
                          " is not one of the accelerators that Berth manages: pods could "
                          "take its devices past it"};
}

// What the schema does not refuse.
std::optional<PoolProblem> problem_of(const api::CapacityPoolSpec& spec,
                                      const Accelerators& accelerators) {
  if (!accelerators.contains(spec.resource)) return not_gated(spec.resource);
  std::set<std::string_view> names;
  for (const api::PoolShare& share : spec.shares) {
    if (!accelerators.contains(share.resource)) return not_gated(share.resource);
    const std::string_view name = sched::share_name(share.resource);
    if (!names.insert(name).second) {
      return PoolProblem{"InvalidShares", "two shares are called " + std::string(name)};
    }
    if (!spec.memory.empty() && bytes_of(share.memory) > bytes_of(spec.memory)) {
      return PoolProblem{"InvalidShares", std::string(name) + " has " + share.memory +
                                              ", more memory than the " + spec.memory +
                                              " of a whole device"};
    }
  }
  return std::nullopt;
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
  const Kind kind = kind_of(*pool, node);
  return node.terms == terms_of(*pool, kind) && node.device_class == kind.device_class &&
         node.resource == kind.count.resource;
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
    const std::string* units = units_of(pool, device_class);
    return units != nullptr && *units == resource;
  });
  return by_pool || translate::resource_of(accelerators, device_class) == resource;
}

std::vector<Share> Pools::shares_of(std::string_view device_class) const {
  std::map<std::string, Share> known;
  for (const Pool& pool : pools) {
    if (pool.device_class != device_class) continue;
    for (const Share& share : pool.shares) {
      Share& one = known.try_emplace(share.device_class, share).first->second;
      one.memory_bytes = std::min(one.memory_bytes, share.memory_bytes);
      one.compute_percent = std::min(one.compute_percent, share.compute_percent);
      one.micro_usd_per_hour = std::max(one.micro_usd_per_hour, share.micro_usd_per_hour);
    }
  }
  std::vector<Share> shares;
  shares.reserve(known.size());
  for (auto& [name, share] : known) shares.push_back(std::move(share));
  std::sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
    return std::tie(a.compute_percent, a.memory_bytes, a.device_class) <
           std::tie(b.compute_percent, b.memory_bytes, b.device_class);
  });
  return shares;
}

std::string Pools::resource_of(const Accelerators& accelerators,
                               const std::string& device_class) const {
  for (const Pool& pool : pools) {
    if (const std::string* units = units_of(pool, device_class)) return *units;
  }
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
  const std::string device_class(sched::whole_class(ask.alternatives.front().device_class));
  auto levels = levels_from(device_class, ask.near->levels.front());
  if (levels == ask.near->levels) return;
  ask.near->levels = std::move(levels);
  ask.shape = sched::shape_of(ask);
}

std::optional<int64_t> Pools::dearest_price(const std::string& device_class) const {
  std::optional<int64_t> dearest;  // nothing is the least
  for (const Share& share : shares_of(sched::whole_class(device_class))) {
    if (share.device_class == device_class) dearest = share.micro_usd_per_hour;
  }
  for (const Pool& pool : pools) {
    if (pool.device_class != device_class) continue;
    dearest = std::max(dearest, pool.terms.micro_usd_per_device_hour);
  }
  return dearest;
}

Pools settle(std::vector<const api::CapacityPool*> pools, const Accelerators& accelerators) {
  std::sort(pools.begin(), pools.end(), is_older);
  Pools settled;
  for (const api::CapacityPool* pool : pools) {
    const api::CapacityPoolSpec& spec = pool->spec;
    if (auto problem = problem_of(spec, accelerators)) {
      settled.problems.emplace(pool->meta.name, *std::move(problem));
      continue;
    }
    settled.pools.push_back(
        {.selector = spec.node_selector,
         .device_class = spec.device_class,
         .resource = spec.resource,
         .shares = shares_of(spec),
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
    const Kind kind = kind_of(*pool, node);
    give_out(node, kind.count);
    node.device_class = kind.device_class;
    if (kind.share != nullptr) node.whole_resource = pool->resource;
    node.terms = terms_of(*pool, kind);
  }
  return before != devices_of(node);
}

}  // namespace berth::translate
