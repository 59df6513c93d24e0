#include "operator/manager/serving.h"

#include <algorithm>

#include "runtime/ownership.h"

namespace berth::control {

Serving::Serving(Stores& stores, runtime::Recorder& recorder, runtime::Effects& effects,
                 const Settings& settings, const Clock& clock, Log& log,
                 const runtime::OnReconciled& on_reconciled, EndpointCosts& costs,
                 MetricsFetcher* fetcher)
    : stores_(stores),
      endpoint_(stores, recorder, settings, clock),
      router_(stores, settings, clock),
      endpoints_("inferenceendpoint", endpoint_, effects, clock, log, on_reconciled),
      routers_("router", router_, effects, clock, log, on_reconciled),
      costs_(costs),
      replicas_(stores) {
  if (fetcher != nullptr) read_from(*fetcher, settings, clock);
  wire();
}

// What routers and replicas say of themselves.
void Serving::read_from(MetricsFetcher& fetcher, const Settings& settings, const Clock& clock) {
  const auto wake = [this](const runtime::ObjectKey& key) { endpoints_.add(key); };
  reader_.emplace(stores_, fetcher, settings, clock);
  scaler_.emplace(stores_, *reader_, settings, clock, wake);
  scaler_->start_up = [this](const std::string& uid) { return replicas_.start_up(uid); };
  slos_.emplace(stores_, *reader_, settings, clock, wake);
  reader_->subscribe([this](const Heard& heard) {
    costs_.answered(heard.endpoint.meta.uid, heard.since_last.requests - heard.since_last.errors);
  });
  endpoint_.scaled = [this](const api::InferenceEndpoint& endpoint) {
    return scaler_->decision(endpoint);
  };
  endpoint_.learned_of = [this](const std::string& uid) { return scaler_->learned(uid); };
  endpoint_.slo_of = [this](const std::string& uid) { return slos_->of(uid); };
}

Monotonic Serving::tick() {
  Monotonic wake = Monotonic::max();
  if (reader_) wake = std::min({reader_->tick(), scaler_->tick(), slos_->tick()});
  return std::min({wake, endpoints_.tick(), routers_.tick()});
}

void Serving::wire() {
  endpoint_.cost_of = [this](const std::string& uid) { return costs_.of(uid); };
  endpoint_.cold_start_of = [this](const std::string& uid) { return replicas_.cold_start(uid); };
  costs_.wake = [this](const runtime::ObjectKey& key) { endpoints_.add(key); };
  replicas_.computed = [this](const std::string& endpoint, Millis device_time) {
    costs_.computed(endpoint, device_time);
  };
  stores_.endpoints.subscribe(
      [this](const api::InferenceEndpoint* before, const api::InferenceEndpoint* after) {
        const ObjectMeta& meta = after != nullptr ? after->meta : before->meta;
        endpoints_.add(runtime::key_of(meta));
        const bool is_known =
            before != nullptr && after != nullptr && before->meta.deletion == after->meta.deletion;
        if (!is_known) routers_.add({"", meta.name_space});
      });
  stores_.jobs.subscribe([this](const api::GpuJob* before, const api::GpuJob* after) {
    const api::GpuJob& job = after != nullptr ? *after : *before;
    const auto owner = runtime::controller_uid(job.meta, kube::kInferenceEndpoints);
    const auto* endpoint = stores_.endpoints.find_uid(std::string(owner));
    if (endpoint != nullptr) endpoints_.add(runtime::key_of(endpoint->meta));
  });
  stores_.services.subscribe([this](const Named* before, const Named* after) {
    const auto key = runtime::key_of(after != nullptr ? after->meta : before->meta);
    if (stores_.endpoints.find(key) != nullptr) endpoints_.add(key);
  });
  stores_.routes.subscribe([this](const Route* before, const Route* after) {
    const auto key = runtime::key_of(after != nullptr ? after->meta : before->meta);
    if (stores_.endpoints.find(key) != nullptr) endpoints_.add(key);
  });
  stores_.routers.subscribe([this](const RouterDeployment* before, const RouterDeployment* after) {
    wake_all_in((after != nullptr ? *after : *before).meta.name_space);
  });
}

void Serving::wake_all() {
  for (const auto& endpoint : stores_.endpoints.all())
    endpoints_.add(runtime::key_of(endpoint.meta));
}

void Serving::wake_all_in(const std::string& name_space) {
  routers_.add({"", name_space});
  for (const auto* endpoint : stores_.endpoints.by(stores_.endpoints_by_namespace, name_space)) {
    endpoints_.add(runtime::key_of(endpoint->meta));
  }
}

}  // namespace berth::control
