#include "sched/explain/scene.h"

#include <algorithm>
#include <utility>

#include "sched/core/book_reservations.h"

namespace berth::sched {

void fill(World& world, const Scene& scene) {
  world.set_quotas(scene.quotas);
  world.set_tiers(scene.tiers);
  world.set_spent(scene.spent);
  world.set_fairness(scene.fairness);
  if (scene.outlook) world.set_outlook(*scene.outlook);
  world.set_policies(scene.policies);
  for (const Node& node : scene.nodes) world.set_node(node);
  for (const Running& running : scene.running) {
    world.set_holder(running.holder);
    if (!scene.policies.empty()) world.set_traits(running.holder.source, running.traits);
  }
  if (scene.reservations.empty()) return;
  world.set_reservations(scene.booked);
  world.set_reservations(plan_reservations(world, scene.reservations, scene.now).plans);
}

std::optional<Decision> decide(const Scene& scene, const WorkloadId& id) {
  World world(scene.settings);
  fill(world, scene);
  std::vector<const Ask*> asks;
  for (const Ask& ask : scene.waiting) asks.push_back(&ask);
  for (Decision& decision : run_pass(world, asks, scene.now)) {
    if (std::visit([&](const auto& d) { return d.id == id; }, decision)) return std::move(decision);
  }
  return std::nullopt;
}

}  // namespace berth::sched
