#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common.h"
#include "api/condition.h"
#include "api/endpoint_rollout.h"
#include "api/gpujob_status.h"

namespace berth::api {

struct ReplicaCounts {
  int64_t desired = 0;
  int64_t ready = 0;
  int64_t starting = 0;
  int64_t on_cpu = 0;

  template <class V>
  static void describe(V& v) {
    v.field("desired", &ReplicaCounts::desired, {.minimum = 0}, "Replicas that should serve.");
    v.field("ready", &ReplicaCounts::ready, {.minimum = 0}, "Replicas that serve.");
    v.field("starting", &ReplicaCounts::starting, {.minimum = 0}, "Replicas that do not yet.");
    v.field("onCpu", &ReplicaCounts::on_cpu, {.minimum = 0},
            "Replicas that fell back to the class cpu.");
  }
  bool operator==(const ReplicaCounts&) const = default;
};

// One version that serves or is tried.
struct VariantStatus {
  Variant role = Variant::Stable;
  std::string model;
  std::string version;
  std::string run_id;
  std::string sha256;
  int64_t weight_percent = 0;
  int64_t ready = 0;

  template <class V>
  static void describe(V& v) {
    v.field("role", &VariantStatus::role, {.required = true}, "Which of the two it is.");
    v.field("model", &VariantStatus::model, {}, "Registered model.");
    v.field("version", &VariantStatus::version, {.max_length = 63}, "Version.");
    v.field("runId", &VariantStatus::run_id, {}, "Run that made it.");
    v.field("sha256", &VariantStatus::sha256, {.max_length = 64, .pattern = kSha256Pattern},
            "Digest that was loaded.");
    v.field("weightPercent", &VariantStatus::weight_percent, {.minimum = 0, .maximum = 100},
            "Percent of requests that it answers.");
    v.field("ready", &VariantStatus::ready, {.minimum = 0}, "Replicas that are ready.");
  }
  bool operator==(const VariantStatus&) const = default;
};

enum class Verdict { Pass, Fail, Inconclusive };
constexpr auto enum_names(Verdict) {
  return std::array<std::string_view, 3>{"Pass", "Fail", "Inconclusive"};
}

struct CheckStatus {
  std::string name;
  std::string stable;
  std::string candidate;
  std::string limit;
  int64_t samples = 0;
  Verdict verdict = Verdict::Inconclusive;

  template <class V>
  static void describe(V& v) {
    v.field("name", &CheckStatus::name, {.required = true, .min_length = 1, .max_length = 63},
            "Check.");
    v.field("stable", &CheckStatus::stable, {.max_length = 63}, "Value of the stable version.");
    v.field("candidate", &CheckStatus::candidate, {.max_length = 63}, "Value of the candidate.");
    v.field("limit", &CheckStatus::limit, {.max_length = 63}, "What is allowed.");
    v.field("samples", &CheckStatus::samples, {.minimum = 0}, "Requests that were compared.");
    v.field("verdict", &CheckStatus::verdict, {.required = true}, "What came of it.");
  }
  bool operator==(const CheckStatus&) const = default;
};

struct RolloutStatus {
  int64_t step = 0;
  std::optional<Instant> started_at;
  std::string cause;
  std::vector<CheckStatus> checks;

  template <class V>
  static void describe(V& v) {
    v.field("step", &RolloutStatus::step, {.minimum = 0}, "Step, counted from 1.");
    v.field("startedAt", &RolloutStatus::started_at, {}, "When the rollout started.");
    v.field("cause", &RolloutStatus::cause, {}, "What started it.");
    v.field("checks", &RolloutStatus::checks, {.max_items = 32, .keys = "name"},
            "Newest verdicts.");
  }
  bool operator==(const RolloutStatus&) const = default;
};

struct SloStatus {
  std::optional<int64_t> availability_basis_points;
  std::optional<int64_t> budget_remaining_basis_points;
  std::optional<int64_t> burn_1h_percent;
  std::optional<int64_t> burn_6h_percent;
  std::optional<int64_t> p95_milliseconds;
  std::optional<int64_t> p99_milliseconds;
  bool frozen = false;
  std::string counted;

  template <class V>
  static void describe(V& v) {
    v.field("availabilityBasisPoints", &SloStatus::availability_basis_points, {.minimum = 0},
            "Requests without error over the window, in hundredths of a percent.");
    v.field("budgetRemainingBasisPoints", &SloStatus::budget_remaining_basis_points, {},
            "Error budget left, in hundredths of a percent; negative when overspent.");
    v.field("burn1hPercent", &SloStatus::burn_1h_percent, {.minimum = 0},
            "Rate of spending over an hour; 100 spends the budget in exactly the window.");
    v.field("burn6hPercent", &SloStatus::burn_6h_percent, {.minimum = 0},
            "Rate of spending over six hours.");
    v.field("p95Milliseconds", &SloStatus::p95_milliseconds, {.minimum = 0},
            "95th percentile of latency of the last five minutes.");
    v.field("p99Milliseconds", &SloStatus::p99_milliseconds, {.minimum = 0},
            "99th percentile of latency of the last five minutes.");
    v.field(
        "frozen", &SloStatus::frozen, {},
        "The budget is below freezeBelowBudgetPercent: no rollout starts, and replicas give way "
        "last.");
    v.field("counted", &SloStatus::counted, {.max_length = 24'576},
            "Requests by time, for whoever leads next.");
  }
  bool operator==(const SloStatus&) const = default;
};

struct DriftStatus {
  std::string worst_feature;
  int64_t psi_millionths = 0;
  int64_t features_drifted_percent = 0;
  int64_t samples = 0;
  std::optional<Instant> at;

  template <class V>
  static void describe(V& v) {
    v.field("worstFeature", &DriftStatus::worst_feature, {}, "Feature that drifted most.");
    v.field("psiMillionths", &DriftStatus::psi_millionths, {.minimum = 0},
            "Its statistic, in millionths.");
    v.field("featuresDriftedPercent", &DriftStatus::features_drifted_percent,
            {.minimum = 0, .maximum = 100}, "Percent of features that drifted.");
    v.field("samples", &DriftStatus::samples, {.minimum = 0}, "Requests that were compared.");
    v.field("at", &DriftStatus::at, {}, "When.");
  }
  bool operator==(const DriftStatus&) const = default;
};

struct EndpointCost {
  std::optional<int64_t> micro_usd_per_1k_predictions;
  int64_t micro_usd_today = 0;
  int64_t micro_usd_month = 0;
  CostBasis basis = CostBasis::Allocation;
  std::optional<int64_t> utilization_percent;
  int64_t predictions_today = 0;
  int64_t device_milliseconds_today = 0;
  std::string unpriced;
  std::optional<Instant> counted_until;

  template <class V>
  static void describe(V& v) {
    v.field("microUsdPer1kPredictions", &EndpointCost::micro_usd_per_1k_predictions, {.minimum = 0},
            "Millionths of a US dollar per thousand answers of today; absent without answers.");
    v.field("microUsdToday", &EndpointCost::micro_usd_today, {.minimum = 0},
            "Millionths of a US dollar since midnight UTC.");
    v.field("microUsdMonth", &EndpointCost::micro_usd_month, {.minimum = 0},
            "Millionths of a US dollar since the first of the month, UTC.");
    v.field("basis", &EndpointCost::basis, {},
            "What is priced: devices that are held, used or not.");
    v.field("utilizationPercent", &EndpointCost::utilization_percent,
            {.minimum = 0, .maximum = 100},
            "Percent of today's device time in which a batch was computed.");
    v.field("predictionsToday", &EndpointCost::predictions_today, {.minimum = 0},
            "Requests answered without error since midnight UTC.");
    v.field("deviceMillisecondsToday", &EndpointCost::device_milliseconds_today, {.minimum = 0},
            "Device time held since midnight UTC.");
    v.field("unpriced", &EndpointCost::unpriced, {.max_length = 253},
            "A class that is held and that no CapacityPool prices: it counts as nothing.");
    v.field("countedUntil", &EndpointCost::counted_until, {}, "All before is counted.");
  }
  bool operator==(const EndpointCost&) const = default;
};

// Seconds of each part of the last start of a replica.
struct ColdStart {
  int64_t queued_seconds = 0;
  int64_t pulled_seconds = 0;
  int64_t loaded_seconds = 0;
  int64_t warmed_seconds = 0;

  template <class V>
  static void describe(V& v) {
    v.field("queuedSeconds", &ColdStart::queued_seconds, {.minimum = 0}, "Waiting for a place.");
    v.field("pulledSeconds", &ColdStart::pulled_seconds, {.minimum = 0}, "Pulling the image.");
    v.field("loadedSeconds", &ColdStart::loaded_seconds, {.minimum = 0}, "Loading the model.");
    v.field("warmedSeconds", &ColdStart::warmed_seconds, {.minimum = 0}, "Warming up.");
  }
  bool operator==(const ColdStart&) const = default;
};

// What the load has shown, for whoever leads next.
struct LearnedLoad {
  std::optional<int64_t> concurrency_thousandths;
  std::string samples;
  std::string days;

  template <class V>
  static void describe(V& v) {
    v.field("concurrencyThousandths", &LearnedLoad::concurrency_thousandths, {.minimum = 1},
            "Requests in flight that a replica carries within slo.latency, in thousandths; absent "
            "where concurrencyPerReplica says it.");
    v.field("samples", &LearnedLoad::samples, {.max_length = 8'192}, "What that is learned from.");
    v.field("days", &LearnedLoad::days, {.max_length = 49'152},
            "Load of the last days by time of day.");
  }
  bool operator==(const LearnedLoad&) const = default;
};

struct DecisionNote {
  std::string id;
  std::optional<Instant> at;
  std::string action;
  std::string reason;

  template <class V>
  static void describe(V& v) {
    v.field("id", &DecisionNote::id, {.required = true, .min_length = 1, .max_length = 63},
            "Entry of the decision log.");
    v.field("at", &DecisionNote::at, {}, "When.");
    v.field("action", &DecisionNote::action, {.max_length = 63}, "What was decided.");
    v.field("reason", &DecisionNote::reason, {.max_length = 1024}, "Why, with the numbers.");
  }
  bool operator==(const DecisionNote&) const = default;
};

struct InferenceEndpointStatus {
  int64_t observed_generation = 0;
  std::string url;
  std::string grpc_url;
  std::string selector;
  std::string hostname;
  std::optional<ReplicaCounts> replicas;
  std::vector<VariantStatus> variants;
  std::optional<RolloutStatus> rollout;
  std::optional<SloStatus> slo;
  std::optional<DriftStatus> drift;
  std::optional<EndpointCost> cost;
  std::optional<ColdStart> cold_start;
  std::optional<LearnedLoad> learned;
  std::vector<DecisionNote> last_decisions;
  std::vector<Condition> conditions;

  template <class V>
  static void describe(V& v) {
    v.field("observedGeneration", &InferenceEndpointStatus::observed_generation, {.minimum = 0},
            "Generation of the spec that this status is about.");
    v.field("url", &InferenceEndpointStatus::url, {.max_length = 1024}, "Where REST is served.");
    v.field("grpcUrl", &InferenceEndpointStatus::grpc_url, {.max_length = 1024},
            "Where gRPC is served.");
    v.field("selector", &InferenceEndpointStatus::selector, {.max_length = 253},
            "Label selector of its replicas' pods, as the scale subresource tells it.");
    v.field("hostname", &InferenceEndpointStatus::hostname, {.max_length = 253},
            "Host by which a Gateway leads here, while it does.");
    v.field("replicas", &InferenceEndpointStatus::replicas, {}, "Replicas.");
    v.field("variants", &InferenceEndpointStatus::variants, {.max_items = 2, .keys = "role"},
            "Versions that serve or are tried.");
    v.field("rollout", &InferenceEndpointStatus::rollout, {}, "Rollout that runs.");
    v.field("slo", &InferenceEndpointStatus::slo, {}, "How the promise is kept.");
    v.field("drift", &InferenceEndpointStatus::drift, {}, "Newest comparison of inputs.");
    v.field("cost", &InferenceEndpointStatus::cost, {}, "Price.");
    v.field("coldStart", &InferenceEndpointStatus::cold_start, {}, "The last start of a replica.");
    v.field("learned", &InferenceEndpointStatus::learned, {}, "What the load has shown.");
    v.field("lastDecisions", &InferenceEndpointStatus::last_decisions,
            {.max_items = 20, .keys = "id"}, "The last twenty decisions, oldest first.");
    v.field("conditions", &InferenceEndpointStatus::conditions, {.keys = "type"},
            "Ready, Admitted, RoutesReady, Exposed, Progressing, Stalled, SLOMet, DriftDetected, "
            "Retraining.");
  }
  bool operator==(const InferenceEndpointStatus&) const = default;
};

}  // namespace berth::api
