#include "operator/controllers/capacitypool/capacitypool_controller.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "operator/world/status_write.h"
#include "translate/charges.h"

namespace berth::control {

CapacityPoolController::CapacityPoolController(Stores& stores, const Books& books,
                                               const Settings& settings, const Clock& clock)
    : stores_(stores), books_(books), settings_(settings), clock_(clock) {
  stores.pools.subscribe([this](const api::CapacityPool* before, const api::CapacityPool* after) {
    const bool is_same = before != nullptr && after != nullptr && before->spec == after->spec;
    is_old_ = is_old_ || !is_same;
  });
  stores.jobs.subscribe([this](const api::GpuJob* before, const api::GpuJob* after) {
    is_old_ = is_old_ || before == nullptr || after == nullptr;
  });
}

std::set<std::string> CapacityPoolController::take_touched() {
  const Monotonic now = clock_.monotonic();
  if (stores_.pools.size() == 0 || !is_old() || now < next_sweep_) return {};
  sweep();
  next_sweep_ = now + settings_.pool_refresh;
  std::set<std::string> names;
  for (const api::CapacityPool& pool : stores_.pools.all()) {
    if (plan_for(pool).is_changed) names.insert(pool.meta.name);
  }
  return names;
}

Monotonic CapacityPoolController::wake() const {
  return stores_.pools.size() > 0 && is_old() ? next_sweep_ : Monotonic::max();
}

void CapacityPoolController::sweep() {
  is_old_ = false;
  seen_version_ = books_.version();
  std::map<std::string, std::vector<PoolNode>> nodes;
  for (const translate::Node& node : stores_.nodes.all()) {
    if (node.terms.pool.empty()) continue;
    nodes[node.terms.pool].push_back({node, books_.ledger().on({"", node.meta.name})});
  }
  const std::map<std::string, AskedShapes> shapes = asked();
  uses_.clear();
  for (const api::CapacityPool& pool : stores_.pools.all()) {
    const auto wanted = shapes.find(pool.spec.device_class);
    uses_[pool.meta.name] = use_of(pool.spec, nodes[pool.meta.name],
                                   wanted == shapes.end() ? AskedShapes{} : wanted->second);
  }
  problems_ = stores_.pooling.problems;
  problems_.merge(translate::conflicts(stores_.pooling, stores_.nodes.all()));
}

// By class, of all GpuJobs that wait or run: workers that want whole devices.
std::map<std::string, AskedShapes> CapacityPoolController::asked() const {
  std::map<std::string, AskedShapes> shapes;
  for (const api::GpuJob& job : stores_.jobs.all()) {
    if (is_finished(job) || job.spec.suspend) continue;
    const sched::Room room = translate::room_of(job.spec.worker.resources);
    for (const api::DeviceAsk& wants : job.spec.worker.devices) {
      if (!wants.is_cpu() && !wants.share)
        shapes[wants.device_class][{wants.count, room}] += job.spec.workers.max;
    }
  }
  return shapes;
}

PoolPlan CapacityPoolController::plan_for(const api::CapacityPool& pool) const {
  const auto use = uses_.find(pool.meta.name);
  std::optional<translate::PoolProblem> problem;
  const auto found = problems_.find(pool.meta.name);
  if (found != problems_.end()) problem = found->second;
  return decide(pool, use == uses_.end() ? PoolUse{} : use->second, problem, clock_.now());
}

runtime::Next CapacityPoolController::reconcile(const runtime::ObjectKey& key,
                                                runtime::Writes writes) {
  const api::CapacityPool* pool = stores_.pools.find(key);
  if (pool == nullptr || pool->meta.deletion || !uses_.contains(key.name)) return {};
  const PoolPlan plan = plan_for(*pool);
  if (!plan.is_changed) return {};
  api::CapacityPool wanted = *pool;
  wanted.status = plan.status;
  writes.send(status_write(kube::kCapacityPools, pool->meta, api::to_json(wanted)),
              [this](Json&& reply) {
                if (auto stored = api::from_json<api::CapacityPool>(reply)) {
                  stores_.pools.upsert(*std::move(stored));
                }
              });
  return {};
}

}  // namespace berth::control
