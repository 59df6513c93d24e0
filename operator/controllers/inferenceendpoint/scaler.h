#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "api/inferenceendpoint.h"
#include "base/clock.h"
#include "operator/controllers/router/router_reader.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/object_key.h"
#include "scaling/day_shape.h"
#include "scaling/decide.h"
#include "scaling/learned_target.h"

namespace berth::control {

// Decides from what the routers have counted how many replicas each endpoint should have. What it
// knows of the last minutes is lost with the process: then nothing goes before it is known again
// (scaling/decide.h). What it has learned is written into the status now and then, and a new leader
// goes on from there.
class Scaler {
 public:
  // How long a replica takes to start, by the endpoint's UID: so far ahead the forecast looks.
  std::function<Millis(const std::string&)> start_up;

  // `wake` is called with the endpoints whose number has changed.
  Scaler(Stores& stores, RouterReader& routers, const Settings& settings, const Clock& clock,
         std::function<void(const runtime::ObjectKey&)> wake);
  Scaler(const Scaler&) = delete;
  Scaler& operator=(const Scaler&) = delete;

  Monotonic tick();  // returns when to call again at the latest

  // Replicas, and why in one sentence; that of the status, or minReplicas, before it is known.
  scaling::Decision decision(const api::InferenceEndpoint& endpoint) const;

  // What is to be written; nothing where nothing was learned since it was read.
  const api::LearnedLoad* learned(const std::string& endpoint_uid) const;

 private:
  // What was answered since the last sample of what replicas carry.
  struct Sampling {
    Monotonic since = Monotonic::min();
    int64_t replicas = 0;  // that were ready then
    int64_t answered = 0;
    int64_t late = 0;
    std::set<std::string> heard = {};  // routers, since then
    bool is_whole = false;  // all had been heard in the time before, so what came since is of since
  };
  struct Scaled {
    scaling::LoadWindows load;
    scaling::Decision decision;
    scaling::DayShape days = {};
    std::optional<scaling::LearnedTarget> learned = {};  // where there is an objective to learn by
    scaling::LearnedTarget::Settings learned_by = {};
    Sampling sampling = {};
    std::optional<api::LearnedLoad> shown = {};
    Monotonic show_at{};
  };
  void on_endpoint(const api::InferenceEndpoint* before, const api::InferenceEndpoint* after);
  void on_heard(const Heard& heard);
  static void follow_objective(const api::InferenceEndpoint& endpoint, Scaled& scaled);
  void learn(const api::InferenceEndpoint& endpoint, const scaling::Facts& facts, Scaled& scaled);
  void decide(const api::InferenceEndpoint& endpoint, Scaled& scaled);
  void show(const api::InferenceEndpoint& endpoint, Scaled& scaled);

  Stores& stores_;
  RouterReader& routers_;
  const Settings& settings_;
  const Clock& clock_;
  std::function<void(const runtime::ObjectKey&)> wake_;
  std::map<std::string, Scaled> scaled_;  // by the endpoint's UID
  Monotonic due_{};
};

}  // namespace berth::control
