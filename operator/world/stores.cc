#include "operator/world/stores.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "json/describe.h"
#include "runtime/ownership.h"

namespace berth::control {
namespace {

// An index of at most one value: an empty one is no value.
std::vector<std::string> one(std::string value) {
  if (value.empty()) return {};
  return {std::move(value)};
}

}  // namespace

Result<Named> decode_named(const Json& object) {
  Named named;
  const auto metadata = object.find("metadata");
  if (metadata == object.end()) return Error{Code::Invalid, "metadata: required"};
  BERTH_TRY(decode(*metadata, named.meta, "metadata"));
  return named;
}

std::string group_of(const translate::Pod& pod) {
  const auto group = pod.meta.labels.find(std::string(translate::kGroupLabel));
  if (group == pod.meta.labels.end() || group->second.empty()) return {};
  return pod.meta.name_space + "/" + group->second;
}

Stores::Stores()
    : pods_by_owner(pods.add_index([](const auto& pod) { return one(owner_job(pod)); })),
      pods_by_node(pods.add_index([](const auto& pod) { return one(pod.where()); })),
      pods_by_group(pods.add_index(
          [](const auto& pod) { return owner_job(pod).empty() ? one(group_of(pod)) : one({}); })),
      pods_by_namespace(pods.add_index([](const auto& pod) {
        const bool foreign = owner_job(pod).empty() && !pod.requests.devices.empty();
        return one(foreign ? pod.meta.name_space : std::string());
      })),
      jobs_by_namespace(jobs.add_index([](const auto& job) { return one(job.meta.name_space); })),
      slices_by_owner(slices.add_index([](const auto& slice) {
        return one(std::string(runtime::controller_uid(slice.meta, kube::kGpuJobs)));
      })) {}

bool Stores::is_terminating(const std::string& name_space) const {
  const Named* found = namespaces.find({"", name_space});
  return found != nullptr && found->meta.deletion;
}

bool Stores::has_live_pods(const std::string& job_uid) const {
  const auto owned = pods.by(pods_by_owner, job_uid);
  return std::any_of(owned.begin(), owned.end(),
                     [](const auto* pod) { return !pod->is_terminal(); });
}

}  // namespace berth::control
