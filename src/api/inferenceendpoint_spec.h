#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/endpoint_rollout.h"
#include "api/endpoint_watch.h"
#include "api/worker.h"

namespace berth::api {

// Without empty parts.
inline constexpr std::string_view kModelUriPattern =
    "^(pvc://[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?(/[A-Za-z0-9._-]+)*|file://(/[A-Za-z0-9._-]+)+)$";

// A model, by registry alias or version or by place. Exactly one of the three is given.
struct ModelRef {
  std::string name;
  std::string alias;
  std::string version;
  std::string uri;
  std::string sha256;

  template <class V>
  static void describe(V& v) {
    v.field("name", &ModelRef::name, {.min_length = 1}, "Name of the registered model.");
    v.field("alias", &ModelRef::alias, {.unsupported = true, .min_length = 1},
            "Alias of the version that serves.");
    v.field("version", &ModelRef::version, {.unsupported = true, .min_length = 1, .max_length = 63},
            "Version that serves.");
    v.field("uri", &ModelRef::uri,
            {.min_length = 1, .max_length = 1024, .pattern = kModelUriPattern},
            "Place of the model: pvc://CLAIM/PATH of a claim in this namespace, or file://PATH in "
            "the image; of a TorchScript archive or of a folder with model.pt.");
    v.field("sha256", &ModelRef::sha256, {.max_length = 64, .pattern = kSha256Pattern},
            "Digest of the model at uri; another one is not loaded.");
    v.rule("[has(self.alias), has(self.version), has(self.uri)].filter(g, g).size() == 1",
           "a model is named by exactly one of alias, version and uri", [](const ModelRef& model) {
             return !model.alias.empty() + !model.version.empty() + !model.uri.empty() == 1;
           });
    v.rule(
        "has(self.uri) || has(self.name)", "alias and version need the model's name",
        [](const ModelRef& model) { return !model.uri.empty() || !model.name.empty(); }, ".name");
  }
  bool operator==(const ModelRef&) const = default;
};

// What every replica runs.
struct ServingWorker {
  std::string image;
  std::vector<std::string> args;
  std::vector<EnvVar> env;
  std::vector<DeviceAsk> devices;
  WorkerResources resources;
  int64_t max_batch_size = 32;
  int64_t max_batch_delay_microseconds = 2000;
  int64_t max_queued_requests = 512;
  int64_t request_timeout_milliseconds = 1000;
  int64_t start_timeout_seconds = 900;

  template <class V>
  static void describe(V& v) {
    v.field("image", &ServingWorker::image, {.required = true, .min_length = 1, .max_length = 1024},
            "Container image by digest, one that follows the worker contract.");
    v.field("args", &ServingWorker::args, {.max_length = 4096, .max_items = 256},
            "Arguments of the entry point.");
    v.field("env", &ServingWorker::env, {.max_items = 128, .keys = "name"},
            "Environment beside the worker contract's own variables.");
    v.field("devices", &ServingWorker::devices, {.required = true, .min_items = 1, .max_items = 8},
            "Acceptable devices per replica, best first.");
    v.field("resources", &ServingWorker::resources, {}, "What a replica needs besides devices.");
    v.field("maxBatchSize", &ServingWorker::max_batch_size,
            {.defaulted = true, .minimum = 1, .maximum = 65'536}, "Requests per batch at most.");
    v.field("maxBatchDelayMicroseconds", &ServingWorker::max_batch_delay_microseconds,
            {.defaulted = true, .minimum = 0, .maximum = 10'000'000},
            "Microseconds that a request waits for others to share its batch.");
    v.field("maxQueuedRequests", &ServingWorker::max_queued_requests,
            {.defaulted = true, .minimum = 1, .maximum = 1'000'000},
            "Requests that wait at most; further ones are refused with Retry-After.");
    v.field("requestTimeoutMilliseconds", &ServingWorker::request_timeout_milliseconds,
            {.defaulted = true, .minimum = 1, .maximum = 3'600'000},
            "Milliseconds that a request may take.");
    v.field("startTimeoutSeconds", &ServingWorker::start_timeout_seconds,
            {.defaulted = true, .minimum = 1, .maximum = 86'400},
            "Seconds from admission until a replica is ready. Waiting for capacity does not "
            "count.");
    v.rule(
        kImageDigestCel.data(), "the image has to be named by digest (@sha256:...)",
        [](const ServingWorker& worker) { return has_digest(worker.image); }, ".image");
  }
  bool operator==(const ServingWorker&) const = default;
};

// How many replicas, by concurrency.
struct Scaling {
  int64_t min_replicas = 1;
  int64_t max_replicas = 1;
  std::optional<int64_t> concurrency_per_replica;
  int64_t stable_window_seconds = 60;
  int64_t panic_window_seconds = 6;
  int64_t panic_percent = 200;
  int64_t scale_down_delay_seconds = 300;
  std::optional<int64_t> preemptible_above_replicas;

  template <class V>
  static void describe(V& v) {
    v.field("minReplicas", &Scaling::min_replicas,
            {.defaulted = true, .minimum = 0, .maximum = kMostWorkers},
            "Fewest replicas; 0 lets the endpoint sleep while nobody asks.");
    v.field("maxReplicas", &Scaling::max_replicas,
            {.defaulted = true, .minimum = 1, .maximum = kMostWorkers}, "Most replicas.");
    v.field("concurrencyPerReplica", &Scaling::concurrency_per_replica,
            {.minimum = 1, .maximum = 100'000},
            "Requests at a time per replica; absent means what a replica is seen to carry within "
            "slo.latency, or without that three quarters of maxBatchSize.");
    v.field("stableWindowSeconds", &Scaling::stable_window_seconds,
            {.defaulted = true, .minimum = 6, .maximum = 3600},
            "Seconds over which the load is averaged.");
    v.field("panicWindowSeconds", &Scaling::panic_window_seconds,
            {.defaulted = true, .minimum = 1, .maximum = 3600},
            "Seconds over which a burst is seen.");
    v.field("panicPercent", &Scaling::panic_percent,
            {.defaulted = true, .minimum = 110, .maximum = 1000},
            "Percent of the target at which a burst counts.");
    v.field("scaleDownDelaySeconds", &Scaling::scale_down_delay_seconds,
            {.defaulted = true, .minimum = 0, .maximum = 86'400},
            "Seconds that the load stays low before a replica goes.");
    v.field("preemptibleAboveReplicas", &Scaling::preemptible_above_replicas,
            {.minimum = 0, .maximum = kMostWorkers},
            "Replicas above this may give way to other work; absent means none.");
    v.rule(
        "self.minReplicas <= self.maxReplicas", "maxReplicas may not be below minReplicas",
        [](const Scaling& scaling) { return scaling.min_replicas <= scaling.max_replicas; },
        ".maxReplicas");
    v.rule(
        "self.panicWindowSeconds <= self.stableWindowSeconds",
        "panicWindowSeconds may not be above stableWindowSeconds",
        [](const Scaling& scaling) {
          return scaling.panic_window_seconds <= scaling.stable_window_seconds;
        },
        ".panicWindowSeconds");
  }
  bool operator==(const Scaling&) const = default;
};

struct InferenceEndpointSpec {
  std::string tier;
  int64_t priority = 0;
  std::string reservation;
  bool suspend = false;
  ModelRef model;
  ServingWorker worker;
  Scaling scaling;
  std::optional<Rollout> rollout;
  std::vector<Route> routes;
  std::optional<Slo> slo;
  std::optional<Monitor> monitor;
  std::optional<Retrain> retrain;
  std::vector<std::string> locations;

  template <class V>
  static void describe(V& v) {
    v.field("tier", &InferenceEndpointSpec::tier, {.min_length = 1, .max_length = 63},
            "SlaTier of the endpoint; absent means the Quota's first.");
    v.field("priority", &InferenceEndpointSpec::priority,
            {.defaulted = true, .minimum = -1'000'000, .maximum = 1'000'000},
            "Order among the tenant's own work; higher goes first.");
    v.field("reservation", &InferenceEndpointSpec::reservation, {.min_length = 1},
            "Reservation in this namespace whose devices the endpoint may use.");
    v.field("suspend", &InferenceEndpointSpec::suspend, {.defaulted = true},
            "True stops all replicas, releases the quota and keeps the endpoint.");
    v.field("model", &InferenceEndpointSpec::model, {.required = true}, "Model that serves.");
    v.field("worker", &InferenceEndpointSpec::worker, {.required = true},
            "What every replica runs.");
    v.field("scaling", &InferenceEndpointSpec::scaling, {.defaulted = true}, "How many replicas.");
    v.field("rollout", &InferenceEndpointSpec::rollout, {.unsupported = true},
            "How a new version takes over; absent means by the default steps.");
    v.field("routes", &InferenceEndpointSpec::routes,
            {.unsupported = true, .max_items = 16, .keys = "name"},
            "Requests that go to one variant whatever the weights; the first match wins.");
    v.field("slo", &InferenceEndpointSpec::slo, {}, "What is promised to callers.");
    v.field("monitor", &InferenceEndpointSpec::monitor, {.unsupported = true},
            "What is watched of inputs.");
    v.field("retrain", &InferenceEndpointSpec::retrain, {.unsupported = true},
            "When and how a new model is made.");
    v.field("locations", &InferenceEndpointSpec::locations, {.set = true, .min_length = 1},
            "Regions or clusters that it may run in; absent means any.");
  }
  bool operator==(const InferenceEndpointSpec&) const = default;
};

}  // namespace berth::api
