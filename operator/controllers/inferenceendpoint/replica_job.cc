#include "operator/controllers/inferenceendpoint/replica_job.h"

#include <charconv>

#include "operator/controllers/gpujob/serving_pod.h"
#include "operator/controllers/gpujob/worker_pod.h"

namespace berth::control {
namespace {

constexpr int64_t kFailuresForgiven = 5;
constexpr int64_t kPreemptionsForgiven = 100'000;
constexpr int64_t kBackoffSeconds = 5;

api::Worker worker_of(const api::ServingWorker& serving) {
  return {.image = serving.image,
          .args = serving.args,
          .env = serving.env,
          .devices = serving.devices,
          .resources = serving.resources};
}

api::Replica replica_of(const api::InferenceEndpoint& endpoint) {
  const api::ServingWorker& worker = endpoint.spec.worker;
  api::Replica replica{.endpoint = endpoint.meta.name,
                       .model_name = endpoint.meta.name,
                       .model = {endpoint.spec.model.uri, endpoint.spec.model.sha256},
                       .max_batch_size = worker.max_batch_size,
                       .max_batch_delay_microseconds = worker.max_batch_delay_microseconds,
                       .max_queued_requests = worker.max_queued_requests,
                       .request_timeout_milliseconds = worker.request_timeout_milliseconds};
  if (endpoint.spec.slo && endpoint.spec.slo->latency) {
    replica.slo_milliseconds = endpoint.spec.slo->latency->milliseconds;
  }
  return replica;
}

api::GpuJobSpec spec_of(const api::InferenceEndpoint& endpoint) {
  api::GpuJobSpec spec;
  spec.tier = endpoint.spec.tier;
  spec.reservation = endpoint.spec.reservation;
  spec.workers = {1, 1};
  spec.worker = worker_of(endpoint.spec.worker);
  spec.retry = {kFailuresForgiven, kPreemptionsForgiven, kBackoffSeconds};
  spec.start_timeout_seconds = endpoint.spec.worker.start_timeout_seconds;
  spec.locations = endpoint.spec.locations;
  spec.replica = replica_of(endpoint);
  return spec;
}

}  // namespace

std::string replica_name(const std::string& endpoint, int64_t slot) {
  return endpoint + "-r" + std::to_string(slot);
}

std::optional<int64_t> slot_of(const std::string& endpoint, const std::string& name) {
  if (!name.starts_with(endpoint + "-r")) return std::nullopt;
  const char* const first = name.data() + endpoint.size() + 2;
  const char* const last = name.data() + name.size();
  int64_t slot = 0;
  const auto [end, error] = std::from_chars(first, last, slot);
  const bool is_number = error == std::errc() && end == last && slot >= 0;
  return is_number && replica_name(endpoint, slot) == name ? std::optional(slot) : std::nullopt;
}

bool is_current(const api::InferenceEndpoint& endpoint, const api::GpuJob& replica) {
  api::GpuJobSpec wanted = spec_of(endpoint);
  wanted.priority = replica.spec.priority;
  wanted.suspend = replica.spec.suspend;
  if (replica.spec.replica) {
    wanted.replica->preemptible = replica.spec.replica->preemptible;
    wanted.replica->headroom_percent = replica.spec.replica->headroom_percent;
  }
  return wanted == replica.spec;
}

api::GpuJob replica_job(const api::InferenceEndpoint& endpoint, int64_t slot,
                        const ReplicaTerms& terms) {
  api::GpuJob job;
  job.meta.name = replica_name(endpoint.meta.name, slot);
  job.meta.name_space = endpoint.meta.name_space;
  job.meta.labels = Labels{{kManagedBy, "berth"}, {kEndpointLabel, endpoint.meta.name}};
  job.meta.owners = {{.api_version = "berth.dev/v1alpha1",
                      .kind = "InferenceEndpoint",
                      .name = endpoint.meta.name,
                      .uid = endpoint.meta.uid,
                      .controller = true,
                      .block_owner_deletion = true}};
  job.spec = spec_of(endpoint);
  job.spec.priority = endpoint.spec.priority;
  job.spec.replica->preemptible = terms.preemptible;
  job.spec.replica->headroom_percent = terms.headroom_percent;
  return job;
}

}  // namespace berth::control
