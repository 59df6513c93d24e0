#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "operator/controllers/inferenceendpoint/endpoint_plan.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"
#include "runtime/recorder.h"
#include "scaling/decide.h"

namespace berth::control {

// Brings InferenceEndpoints on: their replicas, the Service of each, and what the status says.
class EndpointController final : public runtime::Reconciler {
 public:
  EndpointController(Stores& stores, runtime::Recorder& recorder, const Settings& settings,
                     const Clock& clock)
      : stores_(stores), recorder_(recorder), settings_(settings), clock_(clock) {}

  // How many replicas an endpoint whose number follows its load should have; without it,
  // minReplicas.
  std::function<scaling::Decision(const api::InferenceEndpoint&)> scaled;
  // By the endpoint's UID.
  std::function<const SloFacts*(const std::string&)> slo_of;
  std::function<const api::EndpointCost*(const std::string&)> cost_of;
  std::function<const api::LearnedLoad*(const std::string&)> learned_of;
  std::function<std::optional<api::ColdStart>(const std::string&)> cold_start_of;

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  EndpointFacts gather(const api::InferenceEndpoint& endpoint) const;
  void confirm(const api::InferenceEndpoint& endpoint, EndpointPlan plan, runtime::Writes& writes);
  void create(const api::InferenceEndpoint& endpoint, const NewReplica& replica,
              runtime::Writes& writes);
  void set_terms(const api::InferenceEndpoint& endpoint, const NewTerms& terms,
                 runtime::Writes& writes);
  runtime::Writes::Took keep_job();  // puts a stored replica into the store
  void create_service(const api::InferenceEndpoint& endpoint, runtime::Writes& writes);
  void write_route(const api::InferenceEndpoint& endpoint, RouteAction action,
                   runtime::Writes& writes);
  void write_status(const api::InferenceEndpoint& endpoint, api::InferenceEndpointStatus status,
                    runtime::Writes& writes, std::function<void()> then = {});
  void tell(const api::InferenceEndpoint& before, const api::InferenceEndpointStatus& now);

  Stores& stores_;
  runtime::Recorder& recorder_;
  const Settings& settings_;
  const Clock& clock_;
};

}  // namespace berth::control
