#include "bench/core/scene.h"

#include <algorithm>
#include <cmath>

namespace berth::bench::core {

Measured Stopwatch::summary() const {
  std::vector<double> sorted = ms_;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) return {};
  const auto at = [&](double share) {  // nearest rank
    const double rank = std::ceil(share * static_cast<double>(sorted.size()));
    return sorted[static_cast<size_t>(std::max(1.0, rank)) - 1];
  };
  return {.p50_ms = at(0.50), .p99_ms = at(0.99), .most_ms = sorted.back(), .counts = {}};
}

std::string numbered(const std::string& prefix, int64_t number) {
  const std::string digits = std::to_string(number);
  return prefix + std::string(7 - std::min<size_t>(7, digits.size()), '0') + digits;
}

sched::NodeId node_id(int node) { return {"", numbered("node-", node)}; }

void build_nodes(sched::World& world, int nodes) {
  world.set_tiers(
      {{"Premium", {.order = 0, .device_time_percent = 95}},
       {"Standard",
        {.order = 10,
         .device_time_percent = 70,
         .preemptible = true,
         .min_runtime = std::chrono::minutes{10}}},
       {"Spot", {.order = 20, .preemptible = true, .min_runtime = std::chrono::minutes{10}}}});
  for (int n = 0; n < nodes; ++n) {
    world.set_node({.id = node_id(n),
                    .device_class = kClass,
                    .devices = kDevices,
                    .room = {128'000, 1LL << 40},
                    .workers = 110,
                    .labels = {{kRack, numbered("rack-", n / kNodesOfARack)}}});
  }
}

sched::Holder running(const sched::World& world, const Job& job,
                      const std::vector<sched::NodeId>& nodes, const std::vector<int64_t>& counts,
                      sched::Room room) {
  sched::Holder holder{.source = job.uid, .charges = {}, .run = {}};
  int64_t devices = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    holder.charges.push_back(
        {nodes[i], kClass, counts[i], room, sched::ChargeKind::Admitted, {job.tenant}});
    devices += counts[i];
  }
  const sched::Tier& tier = world.tier(job.tier);
  holder.run = sched::Run{.job = {.id = {job.uid},
                                  .devices = devices,
                                  .started = job.started,
                                  .last_checkpoint = {},
                                  .saves_on_notice = true,
                                  .save = std::chrono::seconds{30},
                                  .restore = std::chrono::seconds{60},
                                  .preemptible = tier.preemptible,
                                  .min_runtime = tier.min_runtime},
                          .tier = job.tier,
                          .ends = job.started + job.expected};
  return holder;
}

}  // namespace berth::bench::core
