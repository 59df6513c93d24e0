#include "operator/controllers/capacitypool/capacitypool_plan.h"

#include <algorithm>

#include "base/text.h"
#include "operator/world/stamp.h"
#include "sched/fleet/need.h"
#include "sched/place/topology.h"
#include "sched/share_class.h"

namespace berth::control {
namespace {

int64_t free_on(const PoolNode& at) {
  if (!at.node.is_usable()) return 0;
  return std::max<int64_t>(0, at.node.devices - at.taken.devices);
}

bool fits(const AskedShape& shape, const PoolNode& at) {
  const sched::Room& has = at.node.room;
  return free_on(at) >= shape.devices &&
         has.cpu_milli - at.taken.room.cpu_milli >= shape.room.cpu_milli &&
         has.memory_bytes - at.taken.room.memory_bytes >= shape.room.memory_bytes &&
         at.node.pods > at.taken.workers;
}

// Empty where the node has no such label.
const std::string& domain_of(const translate::Node& node, const std::string& level) {
  static const std::string kNone;
  const auto label = node.meta.labels.find(level);
  if (label != node.meta.labels.end()) return label->second;
  return level == sched::kHostLevel ? node.meta.name : kNone;
}

int64_t emptiest(const std::vector<PoolNode>& nodes, const std::string& level) {
  std::map<std::string, int64_t> free;
  for (const PoolNode& at : nodes) {
    const std::string& domain = domain_of(at.node, level);
    if (!domain.empty()) free[domain] += free_on(at);
  }
  int64_t most = 0;
  for (const auto& [domain, devices] : free) most = std::max(most, devices);
  return most;
}

bool has_any(const api::CapacityPoolSpec& spec, const translate::Node& node) {
  return std::any_of(node.counts.begin(), node.counts.end(), [&](const auto& count) {
    const auto is_it = [&](const api::PoolShare& share) {
      return share.resource == count.resource;
    };
    return count.resource == spec.resource ||
           std::any_of(spec.shares.begin(), spec.shares.end(), is_it);
  });
}

std::vector<api::PoolShareUse> shares_of(const api::CapacityPoolSpec& spec,
                                         const std::vector<PoolNode>& nodes) {
  std::vector<api::PoolShareUse> shares;
  for (const api::PoolShare& share : spec.shares) {
    api::PoolShareUse use{.resource = share.resource,
                          .device_class = sched::share_class(spec.device_class, share.resource)};
    bool is_given_out = false;
    for (const PoolNode& at : nodes) {
      if (at.node.resource != share.resource) continue;
      is_given_out = true;
      use.capacity += at.node.installed;
      if (at.node.is_usable()) use.healthy += at.node.devices;
      use.allocated += at.taken.devices;
    }
    if (is_given_out) shares.push_back(std::move(use));
  }
  return shares;
}

std::string nodes_text(const PoolUse& use) {
  std::string text = count_text(use.nodes, "node") + " with ";
  if (use.capacity > 0 || use.shares.empty()) text += count_text(use.capacity, "device");
  for (const api::PoolShareUse& share : use.shares) {
    if (!text.ends_with("with ")) text += ", ";
    text += std::to_string(share.capacity) + " " + share.resource;
  }
  if (use.beyond == 0) return text;
  return text + "; " + std::to_string(use.beyond) + " are not given out: more than " +
         std::to_string(sched::kMostDevicesPerNode) + " on one node";
}

}  // namespace

std::optional<int64_t> fragmentation_percent(const std::vector<PoolNode>& nodes,
                                             const AskedShapes& asked) {
  int64_t free = 0;
  for (const PoolNode& at : nodes) free += free_on(at);
  int64_t workers = 0;
  int64_t lost = 0;  // device-workers
  for (const auto& [shape, count] : asked) {
    workers += count;
    for (const PoolNode& at : nodes) {
      if (!fits(shape, at)) lost += count * free_on(at);
    }
  }
  if (free == 0 || workers == 0) return std::nullopt;
  const int64_t all = multiply_saturating(workers, free);
  return std::min<int64_t>(100, multiply_saturating(lost, 100) / all);
}

PoolUse use_of(const api::CapacityPoolSpec& spec, const std::vector<PoolNode>& nodes,
               const AskedShapes& asked) {
  PoolUse use{.nodes = static_cast<int64_t>(nodes.size()), .shares = shares_of(spec, nodes)};
  std::vector<PoolNode> whole;
  for (const PoolNode& at : nodes) {
    use.reporting += has_any(spec, at.node) ? 1 : 0;
    use.beyond += translate::devices_beyond(at.node);
    if (at.node.whole_resource.empty()) whole.push_back(at);
  }
  for (const PoolNode& at : whole) {
    use.capacity += at.node.installed;
    if (at.node.is_usable()) use.healthy += at.node.devices;
    use.allocated += at.taken.devices;
  }
  for (const std::string& level : spec.topology) {
    use.largest_gang.push_back({level, emptiest(whole, level)});
  }
  use.fragmentation_percent = fragmentation_percent(whole, asked);
  return use;
}

PoolPlan decide(const api::CapacityPool& pool, const PoolUse& use,
                const std::optional<translate::PoolProblem>& problem, Instant now) {
  PoolPlan plan{.status = pool.status};
  api::CapacityPoolStatus& status = plan.status;
  status.observed_generation = pool.meta.generation;
  status.capacity = use.capacity;
  status.healthy = use.healthy;
  status.allocated = use.allocated;
  status.shares = use.shares;
  status.largest_gang = use.largest_gang;
  status.fragmentation_percent = use.fragmentation_percent;
  Stamp stamp{status.conditions, pool.meta.generation, now};
  if (problem) {
    stamp.set("Ready", false, problem->reason, problem->message);
  } else if (use.nodes == 0) {
    stamp.set("Ready", false, "NoNodes", "no node has its labels");
  } else if (use.reporting == 0) {
    stamp.set("Ready", false, "NoDevices",
              count_text(use.nodes, "node") + ", none of which has " + pool.spec.resource +
                  (pool.spec.shares.empty() ? "" : " or a share of it"));
  } else {
    stamp.set("Ready", true, use.beyond > 0 ? "TooManyOnNode" : "Available", nodes_text(use));
  }
  plan.is_changed = status != pool.status;
  return plan;
}

}  // namespace berth::control
