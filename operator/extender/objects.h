#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "operator/extender/view.h"
#include "translate/accelerators.h"

// What the extender's informers keep of each object: its identity, and what the View needs.
namespace berth::extender {

struct CachedWorkload {
  ObjectMeta meta;
  std::optional<Plan> plan;
};
struct CachedPod {
  ObjectMeta meta;
  PodFacts facts;
};
struct CachedNode {
  ObjectMeta meta;
  std::optional<NodeDevices> devices;
};
struct CachedQuota {
  ObjectMeta meta;
  std::vector<std::string> namespaces;
};

Result<CachedWorkload> cached_workload(const Json& gpujob);
Result<CachedPod> cached_pod(const Json& pod, const translate::Accelerators& accelerators);
Result<CachedNode> cached_node(const Json& node, const translate::Accelerators& accelerators);
Result<CachedQuota> cached_quota(const Json& quota);

}  // namespace berth::extender
