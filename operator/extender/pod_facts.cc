#include "operator/extender/pod_facts.h"

#include "kube/resource.h"

namespace berth::extender {

bool is_berth_owner(std::string_view api_version, std::string_view kind) {
  const size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return false;
  return api_version.substr(0, slash) == kube::kGpuJobs.group && kind == kube::kGpuJobs.kind;
}

PodFacts facts_of(const translate::Pod& pod, const translate::Accelerators& accelerators) {
  PodFacts facts{.name_space = pod.meta.name_space,
                 .name = pod.meta.name,
                 .uid = pod.meta.uid,
                 .pin = pod.gated ? std::string() : pod.pinned_node,
                 .node = pod.node,
                 .is_finished = pod.is_terminal()};
  const OwnerRef* owner = pod.meta.controller();
  if (owner != nullptr && is_berth_owner(owner->api_version, owner->kind)) {
    facts.owner = {owner->kind, owner->name, owner->uid};
  }
  const size_t known = std::min(accelerators.resources.size(), kAcceleratorsMax);
  for (size_t i = 0; i < known; ++i) {
    const auto wanted = pod.requests.devices.find(accelerators.resources[i]);
    if (wanted != pod.requests.devices.end()) facts.devices[i] = wanted->second;
  }
  return facts;
}

}  // namespace berth::extender
