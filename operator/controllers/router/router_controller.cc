#include "operator/controllers/router/router_controller.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "operator/controllers/gpujob/worker_pod.h"
#include "operator/controllers/router/router_objects.h"

namespace berth::control {
namespace {

// An account or a binding that somebody took away is not watched for.
constexpr Millis kLookAgain = std::chrono::minutes(10);

bool is_ours(const ObjectMeta& meta) {
  const auto manager = meta.labels.find(kManagedBy);
  return manager != meta.labels.end() && manager->second == "berth";
}

}  // namespace

runtime::Next RouterController::reconcile(const runtime::ObjectKey& key, runtime::Writes writes) {
  const auto endpoints = stores_.endpoints.by(stores_.endpoints_by_namespace, key.name);
  const bool is_wanted =
      std::any_of(endpoints.begin(), endpoints.end(),
                  [](const api::InferenceEndpoint* one) { return !one->meta.deletion; });
  const RouterDeployment* there = stores_.routers.find({key.name, kRouterName});
  if (!is_wanted) {
    if (there == nullptr) {
      disarm(key.name, writes);
    } else if (is_ours(there->meta) && !there->meta.deletion) {
      uninstall(*there, writes);
    }
    return {};
  }
  if (settings_.router.image.empty() || stores_.is_terminating(key.name)) return {};
  install(key.name, there, writes);
  return {clock_.now() + kLookAgain};
}

void RouterController::install(const std::string& name_space, const RouterDeployment* there,
                               runtime::Writes& writes) {
  const auto keep = [this](Json&& reply) {
    auto stored = decode_router(reply);
    if (stored) stores_.routers.upsert(*std::move(stored));
  };
  if (there == nullptr || there->ready < settings_.router.replicas) {
    writes.ensure(kube::create(kube::kServiceAccounts, router_account(name_space)));
    writes.ensure(kube::create(kube::kRoleBindings, router_binding(name_space)));
  }
  const Json wanted = router_deployment(name_space, settings_.router);
  if (there == nullptr) {
    writes.ensure(kube::create(kube::kDeployments, wanted), keep);
  } else if (!is_up_to_date(*there, settings_.router)) {
    const Json patch = {{"metadata", {{"annotations", wanted["metadata"]["annotations"]}}},
                        {"spec", wanted["spec"]}};
    writes.send(kube::patch_merge(kube::kDeployments, name_space, kRouterName, patch), keep);
  }
}

// The Deployment, by which all of it is found, goes last: whatever fails is tried again.
void RouterController::uninstall(const RouterDeployment& there, runtime::Writes& writes) {
  disarm(there.meta.name_space, writes, [writes, meta = there.meta]() mutable {
    writes.remove(kube::remove(kube::kDeployments, meta.name_space, kRouterName,
                               {.uid = meta.uid, .propagation = kube::Propagation::Background}));
  });
}

// What it may do goes also where somebody else has deleted the Deployment.
void RouterController::disarm(const std::string& name_space, runtime::Writes& writes,
                              std::function<void()> gone) {
  const auto remove_account = [writes, name_space, gone = std::move(gone)]() mutable {
    writes.remove(kube::remove(kube::kServiceAccounts, name_space, kRouterName), gone);
  };
  writes.remove(kube::remove(kube::kRoleBindings, name_space, kRouterName), remove_account);
}

}  // namespace berth::control
