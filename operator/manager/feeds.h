#pragma once
#include <vector>

#include "base/log.h"
#include "kube/transport.h"
#include "operator/manager/route_feed.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/health.h"
#include "runtime/informer.h"

namespace berth::control {

// The informers that fill the stores. Quotas come first: their epoch is claimed before anything
// else is listed, so that every list is newer than the claim.
class Feeds {
 public:
  Feeds(kube::Transport& transport, Stores& stores, const Settings& settings, Log& log);

  void start_quotas() { quotas_.start(); }
  void start_rest();
  Monotonic tick(Monotonic now);
  bool quotas_synced() const { return quotas_.synced(); }
  bool all_synced() const;
  std::vector<runtime::HealthCheck> checks() const;
  RouteFeed& routes() { return routes_; }

 private:
  Stores& stores_;
  runtime::Informer<api::Quota> quotas_;
  runtime::Informer<api::SlaTier> tiers_;
  runtime::Informer<api::CapacityPool> pools_;
  runtime::Informer<api::PlacementPolicy> policies_;
  runtime::Informer<api::Reservation> reservations_;
  runtime::Informer<api::GpuJob> jobs_;
  runtime::Informer<api::InferenceEndpoint> endpoints_;
  runtime::Informer<translate::Pod> pods_;
  runtime::Informer<translate::Node> nodes_;
  runtime::Informer<Named> namespaces_;
  runtime::Informer<Named> services_;
  runtime::Informer<Named> slices_;
  runtime::Informer<RouterDeployment> routers_;
  RouteFeed routes_;  // nothing waits for it
};

}  // namespace berth::control
