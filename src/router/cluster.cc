#include "router/cluster.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "kube/resource.h"

namespace berth::router {

Cluster::Cluster(kube::Transport& transport, ClusterOptions options, Publish publish, Log& log)
    : options_(std::move(options)),
      publish_(std::move(publish)),
      endpoint_informer_(transport,
                         {kube::kInferenceEndpoints, {.name_space = options_.name_space}},
                         [](Json&& json) { return cached_endpoint(json); }, endpoints_, log,
                         {.seed = options_.seed}),
      pod_informer_(transport,
                    {kube::kPods, {.name_space = options_.name_space, .labels = kEndpointLabel}},
                    [this](Json&& json) { return cached_pod(json, options_.ports); }, pods_, log,
                    {.seed = options_.seed + 1}) {
  endpoints_.subscribe(
      [this](const CachedEndpoint*, const CachedEndpoint*) { has_changed_ = true; });
  pods_.subscribe([this](const CachedPod*, const CachedPod*) { has_changed_ = true; });
}

void Cluster::start() {
  endpoint_informer_.start();
  pod_informer_.start();
}

void Cluster::stop() {
  endpoint_informer_.stop();
  pod_informer_.stop();
}

Monotonic Cluster::tick(Monotonic now) {
  const Monotonic wake = std::min(endpoint_informer_.tick(now), pod_informer_.tick(now));
  if (!synced() || !std::exchange(has_changed_, false)) return wake;
  RouteTable current = table();
  if (current != published_) {  // most changes of a status or a pod are not about routing
    published_ = current;
    publish_(std::move(current));
  }
  return wake;
}

RouteTable Cluster::table() const {
  RouteTable table{.name_space = options_.name_space};
  for (const CachedEndpoint& cached : endpoints_.all()) {
    table.endpoints.emplace(cached.meta.name, cached.endpoint);
  }
  for (const CachedPod& pod : pods_.all()) {
    const auto endpoint = table.endpoints.find(pod.endpoint);
    if (pod.replica && endpoint != table.endpoints.end()) {
      endpoint->second.replicas.push_back(*pod.replica);
    }
  }
  return table;
}

}  // namespace berth::router
