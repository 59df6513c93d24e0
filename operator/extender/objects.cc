#include "operator/extender/objects.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/gpujob_status.h"
#include "json/describe.h"
#include "runtime/identity.h"
#include "translate/node.h"
#include "translate/pod.h"
#include "translate/read_json.h"

namespace berth::extender {
namespace {

// The status is the operator's, but sums have to hold whatever stands in it.
constexpr int64_t kMostDevices = int64_t{1} << 32;

Plan plan_of(const ObjectMeta& meta, const api::Placement& placement, bool is_nominated) {
  Plan plan{.uid = meta.uid,
            .name_space = meta.name_space,
            .name = meta.name,
            .attempt = placement.attempt,
            .is_nominated = is_nominated};
  for (const api::PlacedWorker& worker : placement.workers) {
    plan.workers.push_back({worker.node, std::clamp<int64_t>(worker.count, 0, kMostDevices)});
  }
  return plan;
}

// The operator has written down that the attempt is over, or the workload is being deleted: it is
// about to make sure that no worker is left.
bool has_ended(const Json& gpujob, int64_t attempt) {
  if (translate::object_at(gpujob, "metadata").contains("deletionTimestamp")) return true;
  const Json& attempts = translate::array_at(translate::object_at(gpujob, "status"), "attempts");
  return !attempts.empty() && attempts.back().is_object() &&
         attempts.back().value("attempt", Json()) == attempt;
}

}  // namespace

Result<CachedWorkload> cached_workload(const Json& gpujob) {
  CachedWorkload cached;
  cached.meta = BERTH_TRY(runtime::identity_of(gpujob));
  const Json& status = translate::object_at(gpujob, "status");
  for (const char* const name : {"placement", "nominated"}) {
    const Json& json = translate::object_at(status, name);
    if (json.empty()) continue;
    api::Placement placement;
    BERTH_TRY(decode(json, placement, Path(Path("status"), name)));
    cached.plan = plan_of(cached.meta, placement, name == std::string_view("nominated"));
    cached.plan->is_over = has_ended(gpujob, placement.attempt);
    break;
  }
  return cached;
}

Result<CachedPod> cached_pod(const Json& json, const translate::Accelerators& accelerators) {
  const translate::Pod pod = BERTH_TRY(translate::decode_pod(json, accelerators));
  CachedPod cached{.facts = facts_of(pod, accelerators)};
  cached.meta.name = pod.meta.name;
  cached.meta.name_space = pod.meta.name_space;
  cached.meta.uid = pod.meta.uid;
  cached.meta.resource_version = pod.meta.resource_version;
  return cached;
}

Result<CachedNode> cached_node(const Json& json, const translate::Accelerators& accelerators) {
  const translate::Node node = BERTH_TRY(translate::decode_node(json, accelerators));
  CachedNode cached;
  cached.meta = BERTH_TRY(runtime::identity_of(json));
  const auto& resources = accelerators.resources;
  const auto at = std::find(resources.begin(), resources.end(), node.resource);
  if (at != resources.end()) {
    cached.devices = NodeDevices{static_cast<size_t>(at - resources.begin()), node.devices};
  }
  return cached;
}

Result<CachedQuota> cached_quota(const Json& json) {
  CachedQuota cached;
  cached.meta = BERTH_TRY(runtime::identity_of(json));
  const Json& spec = translate::object_at(json, "spec");
  for (const Json& name : translate::array_at(spec, "namespaces")) {
    if (name.is_string()) cached.namespaces.push_back(name.get<std::string>());
  }
  return cached;
}

}  // namespace berth::extender
