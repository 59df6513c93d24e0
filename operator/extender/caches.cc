#include "operator/extender/caches.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/resource.h"

namespace berth::extender {
namespace {

// A pod that has ended holds nothing, so its last events need not come.
constexpr char kLivePods[] = "status.phase!=Succeeded,status.phase!=Failed";

kube::WatchRules rules(uint64_t seed) { return {.seed = seed}; }

}  // namespace

Caches::Caches(kube::Transport& transport, translate::Accelerators accelerators, SharedView& view,
               Log& log, uint64_t seed)
    : accelerators_(std::move(accelerators)),
      view_(view),
      log_(log),
      workload_informer_(
          transport, {kube::kGpuJobs, {}}, [](Json&& json) { return cached_workload(json); },
          workloads_, log, rules(seed)),
      pod_informer_(
          transport, {kube::kPods, {.fields = kLivePods}, translate::pod_members()},
          [this](Json&& json) { return cached_pod(json, accelerators_); }, pods_, log,
          rules(seed + 1)),
      node_informer_(
          transport, {kube::kNodes, {}},
          [this](Json&& json) { return cached_node(json, accelerators_); }, nodes_, log,
          rules(seed + 2)),
      quota_informer_(
          transport, {kube::kQuotas, {}}, [](Json&& json) { return cached_quota(json); }, quotas_,
          log, rules(seed + 3)) {
  feed_view();
}

void Caches::feed_view() {
  workloads_.subscribe([this](const CachedWorkload* before, const CachedWorkload* after) {
    view_.write([&](View& view) {
      if (after != nullptr && after->plan) return view.set_plan(*after->plan);
      view.erase_plan(after != nullptr ? after->meta.uid : before->meta.uid);
    });
  });
  pods_.subscribe([this](const CachedPod* before, const CachedPod* after) {
    view_.write([&](View& view) {
      if (after != nullptr) return view.set_pod(after->facts);
      view.erase_pod(before->meta.name_space, before->meta.name);
    });
  });
  nodes_.subscribe([this](const CachedNode* before, const CachedNode* after) {
    // Heartbeats change nothing here, and the lock is everybody's.
    if (before != nullptr && after != nullptr && before->devices == after->devices) return;
    view_.write([&](View& view) {
      view.set_node(after != nullptr ? after->meta.name : before->meta.name,
                    after != nullptr ? after->devices : std::nullopt);
    });
  });
  quotas_.subscribe([this](const CachedQuota* before, const CachedQuota* after) {
    view_.write([&](View& view) {
      if (after != nullptr) return view.set_quota(after->meta.name, after->namespaces);
      view.set_quota(before->meta.name, {});
    });
  });
}

void Caches::start() {
  workload_informer_.start();
  pod_informer_.start();
  node_informer_.start();
  quota_informer_.start();
}

void Caches::stop() {
  workload_informer_.stop();
  pod_informer_.stop();
  node_informer_.stop();
  quota_informer_.stop();
}

Monotonic Caches::tick(Monotonic now) {
  if (!was_synced_ && synced()) {
    was_synced_ = true;
    view_.write([](View& view) { view.set_synced(true); });
    log_.info("caches synced", {{"workloads", std::to_string(workloads_.size())},
                                {"pods", std::to_string(pods_.size())},
                                {"nodes", std::to_string(nodes_.size())},
                                {"quotas", std::to_string(quotas_.size())}});
  }
  return std::min({workload_informer_.tick(now), pod_informer_.tick(now), node_informer_.tick(now),
                   quota_informer_.tick(now)});
}

bool Caches::synced() const {
  return workload_informer_.synced() && pod_informer_.synced() && node_informer_.synced() &&
         quota_informer_.synced();
}

void Caches::learn_workload(const Json& json) {
  auto workload = cached_workload(json);
  if (workload.ok()) workloads_.upsert(std::move(*workload));
}

void Caches::learn_pod(const Json& json) {
  auto pod = cached_pod(json, accelerators_);
  if (pod.ok()) pods_.upsert(std::move(*pod));
}

}  // namespace berth::extender
