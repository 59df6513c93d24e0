#include "operator/world/stores.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "json/describe.h"
#include "operator/world/settings.h"
#include "runtime/ownership.h"
#include "translate/charges.h"

namespace berth::control {
namespace {

// An index of at most one value: an empty one is no value.
std::vector<std::string> one(std::string value) {
  if (value.empty()) return {};
  return {std::move(value)};
}

std::string in_namespace(const std::string& name_space, std::string_view uid) {
  return name_space + "/" + std::string(uid);
}

// By the name of the ReplicaSet that its Deployment made.
bool is_router(const translate::Pod& pod) {
  const auto owner = std::find_if(pod.meta.owners.begin(), pod.meta.owners.end(),
                                  [](const OwnerRef& ref) { return ref.controller; });
  return owner != pod.meta.owners.end() && owner->kind == "ReplicaSet" &&
         owner->name.starts_with(std::string(kRouterName) + "-");
}

}  // namespace

Result<Named> decode_named(const Json& object) {
  Named named;
  const auto metadata = object.find("metadata");
  if (metadata == object.end()) return Error{Code::Invalid, "metadata: required"};
  BERTH_TRY(decode(*metadata, named.meta, Path("metadata")));
  return named;
}

std::string group_of(const translate::Pod& pod) {
  const auto group = pod.meta.labels.find(std::string(translate::kGroupLabel));
  if (group == pod.meta.labels.end() || group->second.empty()) return {};
  return pod.meta.name_space + "/" + group->second;
}

Stores::Stores()
    : pods_by_owner(pods.add_index([](const auto& pod) { return one(owner_job(pod)); })),
      pods_by_node(pods.add_index([](const auto& pod) {
        return one(pod.where().empty() ? translate::planned_node(pod) : pod.where());
      })),
      pods_by_group(pods.add_index(
          [](const auto& pod) { return owner_job(pod).empty() ? one(group_of(pod)) : one({}); })),
      pods_by_namespace(pods.add_index([](const auto& pod) {
        const bool foreign = owner_job(pod).empty() && !pod.requests.devices.empty();
        return one(foreign ? pod.meta.name_space : std::string());
      })),
      router_pods(pods.add_index([](const auto& pod) {
        return one(is_router(pod) ? pod.meta.name_space : std::string());
      })),
      jobs_by_namespace(jobs.add_index([](const auto& job) { return one(job.meta.name_space); })),
      jobs_by_endpoint(jobs.add_index([](const auto& job) {
        const std::string_view uid = runtime::controller_uid(job.meta, kube::kInferenceEndpoints);
        return one(uid.empty() ? std::string() : in_namespace(job.meta.name_space, uid));
      })),
      endpoints_by_namespace(
          endpoints.add_index([](const auto& one_of) { return one(one_of.meta.name_space); })),
      slices_by_owner(slices.add_index([](const auto& slice) {
        return one(std::string(runtime::controller_uid(slice.meta, kube::kGpuJobs)));
      })) {}

void keep_pooled(Stores& stores, const translate::Accelerators& accelerators) {
  stores.pools.subscribe([&](const api::CapacityPool* before, const api::CapacityPool* after) {
    const bool is_known = before != nullptr && after != nullptr && before->spec == after->spec &&
                          before->meta.deletion == after->meta.deletion;
    if (is_known) return;
    std::vector<const api::CapacityPool*> pools;
    for (const api::CapacityPool& pool : stores.pools.all()) {
      if (!pool.meta.deletion) pools.push_back(&pool);
    }
    translate::Pools settled = translate::settle(std::move(pools), accelerators);
    if (settled == stores.pooling) return;
    stores.pooling = std::move(settled);
    for (const translate::Node& node : stores.nodes.all()) {
      if (!stores.pooling.is_right(node)) stores.mispooled.insert(node.meta.name);
    }
    repool(stores);
  });
  stores.nodes.subscribe([&](const translate::Node*, const translate::Node* after) {
    if (after != nullptr && !stores.pooling.is_right(*after)) {
      stores.mispooled.insert(after->meta.name);
    }
  });
}

void repool(Stores& stores) {
  for (const std::string& name : std::exchange(stores.mispooled, {})) {
    const translate::Node* node = stores.nodes.find({"", name});
    if (node == nullptr) continue;
    translate::Node right = *node;
    translate::enter(right, stores.pooling);
    stores.nodes.revise(std::move(right));
  }
}

bool Stores::is_terminating(const std::string& name_space) const {
  const Named* found = namespaces.find({"", name_space});
  return found != nullptr && found->meta.deletion;
}

bool Stores::has_live_pods(const std::string& job_uid) const {
  const auto owned = pods.by(pods_by_owner, job_uid);
  return std::any_of(owned.begin(), owned.end(),
                     [](const auto* pod) { return !pod->is_terminal(); });
}

std::vector<const api::GpuJob*> replicas_of(const Stores& stores,
                                            const api::InferenceEndpoint& endpoint) {
  return stores.jobs.by(stores.jobs_by_endpoint,
                        in_namespace(endpoint.meta.name_space, endpoint.meta.uid));
}

std::optional<std::string> used_reservation(const Stores& stores, const api::GpuJob& job) {
  if (job.spec.reservation.empty()) return std::nullopt;
  const auto* named = stores.reservations.find({job.meta.name_space, job.spec.reservation});
  return named == nullptr ? std::string() : named->meta.uid;
}

}  // namespace berth::control
