#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "api/inferenceendpoint.h"
#include "base/clock.h"
#include "operator/controllers/router/router_reader.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/object_key.h"
#include "slo/history.h"
#include "slo/recent_latency.h"
#include "slo/report.h"

namespace berth::control {

// What an endpoint's status says of its promise.
struct SloFacts {
  api::SloStatus status;
  std::optional<slo::Report> report;  // absent without spec.slo
};

// Error budget that is left, in tens of a percent rounded up; 0: frozen. As last written where
// nothing is known yet. Without a promise there is nothing to spare: 100.
int64_t headroom_of(const SloFacts* facts, const api::InferenceEndpoint& endpoint);

// What was counted, with what is late by the endpoint's promise.
slo::Tally tally_of(const api::InferenceEndpoint& endpoint, const slo::Counted& counted);

slo::Objectives objectives_of(const api::Slo& promise);

// Counts the answers of all endpoints by what their routers say, and judges them by what was
// promised. A new leader goes on from what the status says: lost is what was counted since it was
// written, Settings::counts_refresh at most, and what was answered while nobody led.
class SloBook {
 public:
  // `wake` is called with the endpoints of which there is something new to write.
  SloBook(Stores& stores, RouterReader& routers, const Settings& settings, const Clock& clock,
          std::function<void(const runtime::ObjectKey&)> wake);
  SloBook(const SloBook&) = delete;
  SloBook& operator=(const SloBook&) = delete;

  Monotonic tick();  // returns when to call again at the latest

  // What is to be written; nothing before any router was heard of.
  const SloFacts* of(const std::string& endpoint_uid) const;

 private:
  struct Kept {
    slo::History history;
    slo::RecentLatency recent;
    bool is_heard = false;
    std::optional<SloFacts> shown;
    Monotonic counts_shown_at = Monotonic::min();
  };

  void on_endpoint(const api::InferenceEndpoint* before, const api::InferenceEndpoint* after);
  void on_heard(const Heard& heard);
  SloFacts judge(const api::InferenceEndpoint& endpoint, const Kept& kept) const;
  void show(const api::InferenceEndpoint& endpoint, Kept& kept, SloFacts facts);
  void show_if_turned(const api::InferenceEndpoint& endpoint, Kept& kept);

  Stores& stores_;
  const Settings& settings_;
  const Clock& clock_;
  std::function<void(const runtime::ObjectKey&)> wake_;
  std::map<std::string, Kept> kept_;  // by the endpoint's UID
  Monotonic due_{};
};

}  // namespace berth::control
