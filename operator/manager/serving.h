#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "operator/controllers/inferenceendpoint/endpoint_controller.h"
#include "operator/controllers/inferenceendpoint/scaler.h"
#include "operator/controllers/router/router_controller.h"
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
          const runtime::OnReconciled& on_reconciled, MetricsFetcher* fetcher);
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  Monotonic tick();

 private:
  void wire();
  void wake_all_in(const std::string& name_space);

  Stores& stores_;
  EndpointController endpoint_;
  RouterController router_;
  runtime::Controller endpoints_;
  runtime::Controller routers_;   // by namespace
  std::optional<Scaler> scaler_;  // empty without a fetcher: then minReplicas run
};

}  // namespace berth::control
