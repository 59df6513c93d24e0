#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "operator/controllers/inferenceendpoint/endpoint_controller.h"
#include "operator/controllers/inferenceendpoint/replica_book.h"
#include "operator/controllers/inferenceendpoint/scaler.h"
#include "operator/controllers/inferenceendpoint/slo_book.h"
#include "operator/controllers/router/router_controller.h"
#include "operator/controllers/router/router_reader.h"
#include "operator/scheduling/endpoint_costs.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"
#include "runtime/effects.h"
#include "runtime/recorder.h"

namespace berth::control {

// The controllers of what is served, and what wakes them.
class Serving {
 public:
  Serving(Stores& stores, runtime::Recorder& recorder, runtime::Effects& effects,
          const Settings& settings, const Clock& clock, Log& log,
          const runtime::OnReconciled& on_reconciled, EndpointCosts& costs,
          MetricsFetcher* fetcher);
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  Monotonic tick();
  // Something is another that all endpoints follow.
  void wake_all();

  // The /metrics page of a replica.
  void heard(const api::GpuJob& replica, const std::string& page) {
    replicas_.heard(replica, page);
  }

 private:
  void wire();
  void read_from(MetricsFetcher& fetcher, const Settings& settings, const Clock& clock);
  void wake_all_in(const std::string& name_space);

  Stores& stores_;
  EndpointController endpoint_;
  RouterController router_;
  runtime::Controller endpoints_;
  runtime::Controller routers_;  // by namespace
  EndpointCosts& costs_;
  ReplicaBook replicas_;
  // Empty without a fetcher: then minReplicas run, and nothing is counted.
  std::optional<RouterReader> reader_;
  std::optional<Scaler> scaler_;
  std::optional<SloBook> slos_;
};

}  // namespace berth::control
