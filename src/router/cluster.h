#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kube/transport.h"
#include "router/objects.h"
#include "runtime/informer.h"
#include "runtime/store.h"

namespace berth::router {

struct ClusterOptions {
  std::string name_space;
  ReplicaPorts ports;
  uint64_t seed = 0;  // of the backoff's jitter
};

// Follows the InferenceEndpoints of one namespace and their pods, and gives out a whole table after
// every change. While the API server is away, what was known last stays. One thread.
class Cluster {
 public:
  using Publish = std::function<void(RouteTable)>;

  // The references must outlive it.
  Cluster(kube::Transport& transport, ClusterOptions options, Publish publish, Log& log);

  void start();
  void stop();
  // Starts what is due and publishes what has changed; returns when to call again at the latest.
  Monotonic tick(Monotonic now);
  bool synced() const { return endpoint_informer_.synced() && pod_informer_.synced(); }

 private:
  RouteTable table() const;

  const ClusterOptions options_;
  const Publish publish_;
  runtime::Store<CachedEndpoint> endpoints_;
  runtime::Store<CachedPod> pods_;
  runtime::Informer<CachedEndpoint> endpoint_informer_;
  runtime::Informer<CachedPod> pod_informer_;
  RouteTable published_;
  bool has_changed_ = true;
};

}  // namespace berth::router
