#pragma once
#include <cstdint>

#include "base/clock.h"
#include "base/log.h"
#include "json/json_fwd.h"
#include "kube/transport.h"
#include "operator/extender/objects.h"
#include "operator/extender/shared_view.h"
#include "runtime/informer.h"
#include "runtime/store.h"

namespace berth::extender {

// Keeps a SharedView equal to the cluster: GpuJobs, pods, nodes and Quotas by watch. Loop thread.
class Caches {
 public:
  // `seed` is of the backoff's jitter. The references must outlive it.
  Caches(kube::Transport& transport, translate::Accelerators accelerators, SharedView& view,
         Log& log, uint64_t seed);

  void start();
  void stop();
  // Starts what is due; returns when to call again at the latest.
  Monotonic tick(Monotonic now);
  // Every cache has held a whole list; the View says so too from then on.
  bool synced() const;

  // What a live read brought, which may be newer than the watch.
  void learn_workload(const Json& workload);
  void learn_pod(const Json& pod);

 private:
  void feed_view();

  const translate::Accelerators accelerators_;
  SharedView& view_;
  Log& log_;
  bool was_synced_ = false;
  runtime::Store<CachedWorkload> workloads_;
  runtime::Store<CachedPod> pods_;
  runtime::Store<CachedNode> nodes_;
  runtime::Store<CachedQuota> quotas_;
  runtime::Informer<CachedWorkload> workload_informer_;
  runtime::Informer<CachedPod> pod_informer_;
  runtime::Informer<CachedNode> node_informer_;
  runtime::Informer<CachedQuota> quota_informer_;
};

}  // namespace berth::extender
