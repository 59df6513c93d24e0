#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "api/inferenceendpoint.h"
#include "base/clock.h"
#include "operator/controllers/gpujob/progress_reader.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/object_key.h"
#include "scaling/decide.h"

namespace berth::control {

// Whether the number of replicas follows the load: where spec.scaling leaves a choice.
bool is_scaled(const api::InferenceEndpoint& endpoint);

// Asks the routers of every namespace with scaled endpoints what they have counted, and decides how
// many replicas each endpoint should have. What it knows is lost with the process: then nothing
// goes before it is known again (scaling/decide.h).
class Scaler {
 public:
  // `wake` is called with the endpoints whose number has changed.
  Scaler(Stores& stores, MetricsFetcher& fetcher, const Settings& settings, const Clock& clock,
         std::function<void(const runtime::ObjectKey&)> wake);
  Scaler(const Scaler&) = delete;
  Scaler& operator=(const Scaler&) = delete;

  Monotonic tick();  // returns when to call again at the latest

  // Replicas, and why in one sentence; that of the status, or minReplicas, before it is known.
  scaling::Decision decision(const api::InferenceEndpoint& endpoint) const;

 private:
  struct Scaled {
    scaling::LoadWindows load;
    scaling::Decision decision;
  };
  using Pods = std::vector<const translate::Pod*>;

  void on_endpoint(const api::InferenceEndpoint* before, const api::InferenceEndpoint* after);
  void ask_routers(const std::string& name_space);
  void answered(const std::string& name_space, const std::string& router,
                const Result<std::string>& page);
  void decide(const api::InferenceEndpoint& endpoint, Scaled& scaled);
  std::set<std::string> routers_in(const std::string& name_space) const;

  Stores& stores_;
  MetricsFetcher& fetcher_;
  const Settings& settings_;
  const Clock& clock_;
  std::function<void(const runtime::ObjectKey&)> wake_;
  std::map<std::string, Scaled> scaled_;  // by the endpoint's UID
  std::set<std::string> asked_;           // UIDs of routers whose answer is on its way
  Monotonic due_{};
};

}  // namespace berth::control
