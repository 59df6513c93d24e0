#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/common.h"
#include "api/replica.h"
#include "api/worker.h"
#include "json/enum_names.h"

namespace berth::api {

struct GangSize {
  int64_t min = 1;
  int64_t max = 1;

  template <class V>
  static void describe(V& v) {
    v.field("min", &GangSize::min,
            {.required = true, .immutable = true, .minimum = 1, .maximum = kMostWorkers},
            "Fewest workers that run; fewer than these never start.");
    v.field(
        "max", &GangSize::max, {.required = true, .minimum = 1, .maximum = kMostWorkers},
        "Most workers that run; more than min only with a checkpoint, since a gang that grows is "
        "stopped and goes on from it.");
    v.rule(
        "self.min <= self.max", "max may not be below min",
        [](const GangSize& size) { return size.min <= size.max; }, ".max");
  }
  bool operator==(const GangSize&) const = default;
};

enum class TopologyMode { Preferred, Required };
constexpr auto enum_names(TopologyMode) {
  return std::array<std::string_view, 2>{"Preferred", "Required"};
}

// How close together the workers have to be.
struct Topology {
  std::string level;
  TopologyMode mode = TopologyMode::Preferred;

  template <class V>
  static void describe(V& v) {
    v.field("level", &Topology::level,
            {.required = true, .min_length = 1, .max_length = 316, .pattern = kLabelKeyPattern},
            "Node label whose value all workers share, for example kubernetes.io/hostname.");
    v.field("mode", &Topology::mode, {.defaulted = true},
            "Preferred runs elsewhere rather than wait; Required waits.");
  }
  bool operator==(const Topology&) const = default;
};

// Where and when the job saves its state. The trainer keeps each attempt's under attempt-N/.
struct Checkpoint {
  std::string uri;
  int64_t interval_seconds = 600;
  int64_t grace_seconds = 60;

  template <class V>
  static void describe(V& v) {
    v.field("uri", &Checkpoint::uri,
            {.required = true,
             .min_length = 1,
             .max_length = 1024,
             .pattern = "^(pvc|s3|file)://[^/].*$"},
            "Where checkpoints go: pvc://CLAIM/FOLDER of a claim in this namespace.");
    v.field("intervalSeconds", &Checkpoint::interval_seconds,
            {.defaulted = true, .minimum = 1, .maximum = kMostSeconds},
            "Seconds between two checkpoints.");
    v.field("graceSeconds", &Checkpoint::grace_seconds,
            {.defaulted = true, .minimum = 1, .maximum = 3600},
            "Seconds from the signal to stop until the worker is killed.");
    v.rule(
        "self.uri.startsWith('pvc://')", "other places than pvc:// are not supported yet",
        [](const Checkpoint& c) { return c.uri.starts_with("pvc://"); }, ".uri");
    v.rule(kPvcCel, "want pvc://CLAIM or pvc://CLAIM/FOLDER, without empty, . or .. parts",
           &Checkpoint::is_place, ".uri");
  }
  bool operator==(const Checkpoint&) const = default;

  static constexpr const char* kPvcCel =
      "!self.uri.startsWith('pvc://') || (self.uri.matches("
      "'^pvc://[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?(/[A-Za-z0-9._-]+)*$') && "
      "!self.uri.matches('/[.][.]?(/|$)'))";
  static bool is_place(const Checkpoint& checkpoint);
};

// When to give up. Preemptions are not failures and have a counter of their own.
struct Retry {
  int64_t max_failures = 3;
  int64_t max_preemptions = 20;
  int64_t backoff_seconds = 30;

  template <class V>
  static void describe(V& v) {
    v.field("maxFailures", &Retry::max_failures, {.defaulted = true, .minimum = 0, .maximum = 1000},
            "Failed attempts that are forgiven.");
    v.field("maxPreemptions", &Retry::max_preemptions,
            {.defaulted = true, .minimum = 0, .maximum = 100'000},
            "Preempted attempts that are forgiven.");
    v.field("backoffSeconds", &Retry::backoff_seconds,
            {.defaulted = true, .minimum = 0, .maximum = 86'400},
            "Seconds before the second attempt; doubled for each further failure.");
  }
  bool operator==(const Retry&) const = default;
};

struct JobLimits {
  std::optional<int64_t> max_runtime_seconds;
  std::optional<int64_t> max_micro_usd;
  std::optional<int64_t> ttl_seconds_after_finished;

  template <class V>
  static void describe(V& v) {
    v.field("maxRuntimeSeconds", &JobLimits::max_runtime_seconds,
            {.minimum = 1, .maximum = kMostSeconds},
            "Seconds of running, over all attempts, after which the job fails; absent means no "
            "bound.");
    v.field("maxMicroUsd", &JobLimits::max_micro_usd, {.minimum = 1},
            "Millionths of a US dollar, by the prices of the CapacityPools and over all attempts, "
            "after which the job fails; absent means no bound.");
    v.field("ttlSecondsAfterFinished", &JobLimits::ttl_seconds_after_finished,
            {.minimum = 0, .maximum = kMostSeconds},
            "Seconds after its end until the job is deleted; absent means never.");
  }
  bool operator==(const JobLimits&) const = default;
};

// Data that the workers find under BERTH_INPUT_<NAME>.
struct Input {
  std::string name;
  std::string uri;
  std::string sha256;
  std::optional<int64_t> bytes;
  std::vector<std::string> regions;

  template <class V>
  static void describe(V& v) {
    v.field("name", &Input::name,
            {.required = true, .min_length = 1, .max_length = 63, .pattern = kDnsLabelPattern},
            "Name, which becomes the variable's.");
    v.field("uri", &Input::uri, {.required = true, .min_length = 1, .max_length = 1024},
            "Where the data is.");
    v.field("sha256", &Input::sha256, {.max_length = 64, .pattern = kSha256Pattern},
            "Digest of the data; other data refuses to start.");
    v.field("bytes", &Input::bytes, {.minimum = 0}, "Size of the data in bytes.");
    v.field("regions", &Input::regions,
            {.set = true, .min_length = 1, .max_length = 63, .max_items = 32},
            "Regions that hold a copy.");
  }
  bool operator==(const Input&) const = default;
};

struct Reproducibility {
  int64_t seed = 0;
  bool deterministic = true;
  std::string code_commit;
  int64_t verify_rerun_percent = 0;

  template <class V>
  static void describe(V& v) {
    v.field("seed", &Reproducibility::seed, {.required = true}, "Seed of every random choice.");
    v.field("deterministic", &Reproducibility::deterministic, {.defaulted = true},
            "Only deterministic kernels.");
    v.field("codeCommit", &Reproducibility::code_commit,
            {.max_length = 64, .pattern = "^[0-9a-f]{7,64}$"}, "Commit of the code in the image.");
    v.field("verifyRerunPercent", &Reproducibility::verify_rerun_percent,
            {.defaulted = true, .minimum = 0, .maximum = 100},
            "Percent of such jobs that are run a second time to compare the result.");
  }
  bool operator==(const Reproducibility&) const = default;
};

struct Tracking {
  std::string experiment;

  template <class V>
  static void describe(V& v) {
    v.field("experiment", &Tracking::experiment, {.required = true, .min_length = 1},
            "MLflow experiment that the run is logged to.");
  }
  bool operator==(const Tracking&) const = default;
};

// A registered model's name and the alias that is to point at the new version.
struct ModelAlias {
  std::string model;
  std::string alias;

  template <class V>
  static void describe(V& v) {
    v.field("model", &ModelAlias::model, {.required = true, .min_length = 1},
            "Name of the registered model.");
    v.field("alias", &ModelAlias::alias, {.min_length = 1},
            "Alias that is moved to the new version; absent moves none.");
  }
  bool operator==(const ModelAlias&) const = default;
};

// A bound on a metric of the held-out set. Decimals are in millionths: 900000 is 0.9.
struct OutputGate {
  std::string metric;
  std::optional<int64_t> min_millionths;
  std::optional<int64_t> max_millionths;
  std::string versus_alias;

  template <class V>
  static void describe(V& v) {
    v.field("metric", &OutputGate::metric, {.required = true, .min_length = 1},
            "Metric in the worker's termination message.");
    v.field("minMillionths", &OutputGate::min_millionths, {},
            "Least value, in millionths; with versusAlias, least difference.");
    v.field("maxMillionths", &OutputGate::max_millionths, {},
            "Greatest value, in millionths; with versusAlias, greatest difference.");
    v.field("versusAlias", &OutputGate::versus_alias, {.min_length = 1},
            "Compare with the version of this alias in place of zero.");
    v.rule("has(self.minMillionths) || has(self.maxMillionths)",
           "a gate needs minMillionths or maxMillionths",
           [](const OutputGate& gate) { return gate.min_millionths || gate.max_millionths; });
  }
  bool operator==(const OutputGate&) const = default;
};

struct Output {
  std::optional<ModelAlias> register_as;
  std::vector<OutputGate> gate;

  template <class V>
  static void describe(V& v) {
    v.field("register", &Output::register_as, {}, "Model that the result is registered as.");
    v.field("gate", &Output::gate, {.max_items = 16},
            "What the result has to meet before the alias moves.");
  }
  bool operator==(const Output&) const = default;
};

struct GpuJobSpec {
  std::string tier;
  int64_t priority = 0;
  std::string reservation;
  bool suspend = false;
  GangSize workers;
  Worker worker;
  std::optional<Topology> topology;
  std::optional<Checkpoint> checkpoint;
  Retry retry;
  JobLimits limits;
  int64_t start_timeout_seconds = 900;
  std::vector<Input> inputs;
  std::optional<Reproducibility> reproducibility;
  std::optional<Tracking> tracking;
  std::optional<Output> output;
  std::vector<std::string> depends_on;
  std::vector<std::string> locations;
  std::optional<Replica> replica;

  template <class V>
  static void describe(V& v) {
    v.field("workers", &GpuJobSpec::workers, {.required = true}, "Size of the gang.");
    v.field("worker", &GpuJobSpec::worker, {.required = true, .immutable = true},
            "What every worker runs.");
    v.field("topology", &GpuJobSpec::topology, {.immutable = true},
            "How close together the workers have to be; absent means anywhere.");
    v.field("priority", &GpuJobSpec::priority,
            {.defaulted = true, .minimum = -1'000'000, .maximum = 1'000'000},
            "Order among the tenant's own work; higher goes first.");
    v.field("suspend", &GpuJobSpec::suspend, {.defaulted = true},
            "True stops the workers, releases the quota and keeps the job.");
    v.field("checkpoint", &GpuJobSpec::checkpoint, {.immutable = true},
            "Where and when state is saved; absent means an attempt starts from nothing.");
    v.field("retry", &GpuJobSpec::retry, {.defaulted = true, .immutable = true},
            "When to give up.");
    v.field("limits", &GpuJobSpec::limits, {.defaulted = true, .immutable = true},
            "How long the job may run and stay.");
    v.field("startTimeoutSeconds", &GpuJobSpec::start_timeout_seconds,
            {.defaulted = true, .immutable = true, .minimum = 1, .maximum = 86'400},
            "Seconds from admission until all workers are ready; then the attempt is planned anew. "
            "Waiting for capacity does not count.");
    describe_later(v);
    v.rule(
        "self.workers.min == self.workers.max || has(self.checkpoint)",
        "an elastic gang (max above min) needs a checkpoint to go on from",
        [](const GpuJobSpec& spec) {
          return spec.workers.min == spec.workers.max || spec.checkpoint.has_value();
        },
        ".checkpoint");
    v.rule(
        "!has(self.reproducibility) || self.worker.image.matches('@sha256:[0-9a-f]{64}$')",
        "a reproducible job names its image by digest (@sha256:...)",
        [](const GpuJobSpec& spec) {
          return !spec.reproducibility || has_digest(spec.worker.image);
        },
        ".worker.image");
  }
  bool operator==(const GpuJobSpec&) const = default;

 private:
  template <class V>
  static void describe_later(V& v) {
    v.field("tier", &GpuJobSpec::tier, {.immutable = true, .min_length = 1, .max_length = 63},
            "SlaTier of the job; absent means the Quota's first.");
    v.field("reservation", &GpuJobSpec::reservation,
            {.immutable = true, .min_length = 1, .max_length = 253},
            "Reservation in this namespace: the job runs on its devices, while it is active.");
    v.field("inputs", &GpuJobSpec::inputs, {.immutable = true, .unsupported = true, .keys = "name"},
            "Data that the workers read.");
    v.field("reproducibility", &GpuJobSpec::reproducibility,
            {.immutable = true, .unsupported = true}, "What makes a second run equal the first.");
    v.field("tracking", &GpuJobSpec::tracking, {.immutable = true, .unsupported = true},
            "Where the run is logged.");
    v.field("output", &GpuJobSpec::output, {.immutable = true, .unsupported = true},
            "What becomes of the trained model.");
    v.field("dependsOn", &GpuJobSpec::depends_on,
            {.immutable = true,
             .set = true,
             .min_length = 1,
             .max_length = 63,
             .max_items = 32,
             .pattern = kDnsLabelPattern},
            "GpuJobs in this namespace that have to complete first.");
    v.field("locations", &GpuJobSpec::locations,
            {.immutable = true,
             .set = true,
             .min_length = 1,
             .max_length = 63,
             .min_items = 1,
             .max_items = 32},
            "Regions of CapacityPools that the job may run in; absent means anywhere.");
    v.field("replica", &GpuJobSpec::replica, {},
            "What makes the job one replica of an InferenceEndpoint, by which it was created.");
    v.rule(
        "!has(self.replica) || (self.workers.min == 1 && self.workers.max == 1)",
        "a replica has one worker",
        [](const GpuJobSpec& spec) {
          return !spec.replica || (spec.workers.min == 1 && spec.workers.max == 1);
        },
        ".workers");
  }
};

}  // namespace berth::api
