#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/gpujob_spec.h"
#include "json/enum_names.h"

// What an InferenceEndpoint promises, watches and learns from.
namespace berth::api {

struct LatencyObjective {
  int64_t milliseconds = 100;
  int64_t basis_points = 9900;

  template <class V>
  static void describe(V& v) {
    v.field("milliseconds", &LatencyObjective::milliseconds,
            {.required = true, .minimum = 1, .maximum = 3'600'000},
            "Milliseconds within which requests are answered.");
    v.field("basisPoints", &LatencyObjective::basis_points,
            {.required = true, .minimum = 1, .maximum = 9999},
            "Share of requests for which that holds, in hundredths of a percent.");
  }
  bool operator==(const LatencyObjective&) const = default;
};

struct Slo {
  int64_t window_days = 30;
  std::optional<int64_t> availability_basis_points;
  std::optional<LatencyObjective> latency;
  int64_t freeze_below_budget_percent = 20;

  template <class V>
  static void describe(V& v) {
    v.field("windowDays", &Slo::window_days, {.defaulted = true, .minimum = 1, .maximum = 90},
            "Days over which the promise is measured.");
    v.field("availabilityBasisPoints", &Slo::availability_basis_points,
            {.minimum = 1, .maximum = 9999},
            "Share of requests without error, in hundredths of a percent; 9990 is 99.9 %.");
    v.field("latency", &Slo::latency, {}, "How fast requests are answered.");
    v.field("freezeBelowBudgetPercent", &Slo::freeze_below_budget_percent,
            {.defaulted = true, .minimum = 0, .maximum = 100},
            "Error budget left, in percent, below which no rollout starts and replicas give way "
            "last.");
    v.rule("has(self.availabilityBasisPoints) || has(self.latency)",
           "a promise names availabilityBasisPoints, latency or both", [](const Slo& slo) {
             return slo.availability_basis_points.has_value() || slo.latency.has_value();
           });
  }
  bool operator==(const Slo&) const = default;
};

enum class Baseline { TrainingRun };
constexpr auto enum_names(Baseline) { return std::array<std::string_view, 1>{"TrainingRun"}; }
enum class DriftTest { PSI };
constexpr auto enum_names(DriftTest) { return std::array<std::string_view, 1>{"PSI"}; }

struct Drift {
  DriftTest test = DriftTest::PSI;
  int64_t threshold_millionths = 250'000;
  int64_t window_seconds = 3600;
  int64_t min_samples = 2000;
  int64_t share_percent = 30;

  template <class V>
  static void describe(V& v) {
    v.field("test", &Drift::test, {.defaulted = true}, "Statistic that is compared.");
    v.field("thresholdMillionths", &Drift::threshold_millionths, {.defaulted = true, .minimum = 1},
            "Value at which a feature has drifted, in "
            "millionths; 250000 is 0.25.");
    v.field("windowSeconds", &Drift::window_seconds,
            {.defaulted = true, .minimum = 60, .maximum = kMostSeconds},
            "Seconds of requests that are compared.");
    v.field("minSamples", &Drift::min_samples, {.defaulted = true, .minimum = 1},
            "Fewer samples decide nothing.");
    v.field("sharePercent", &Drift::share_percent,
            {.defaulted = true, .minimum = 1, .maximum = 100},
            "Percent of features that have to drift.");
  }
  bool operator==(const Drift&) const = default;
};

struct Quality {
  std::optional<int64_t> max_null_basis_points;
  std::optional<int64_t> max_out_of_range_basis_points;
  std::optional<int64_t> max_schema_error_basis_points;

  template <class V>
  static void describe(V& v) {
    v.field("maxNullBasisPoints", &Quality::max_null_basis_points,
            {.minimum = 0, .maximum = 10'000},
            "Most missing values, in hundredths of a percent; absent means not watched.");
    v.field("maxOutOfRangeBasisPoints", &Quality::max_out_of_range_basis_points,
            {.minimum = 0, .maximum = 10'000},
            "Most values outside the training data's range, in hundredths of a percent; absent "
            "means not watched.");
    v.field("maxSchemaErrorBasisPoints", &Quality::max_schema_error_basis_points,
            {.minimum = 0, .maximum = 10'000},
            "Most requests of another shape, in hundredths of a percent; absent means not "
            "watched.");
  }
  bool operator==(const Quality&) const = default;
};

struct Monitor {
  int64_t capture_sample_percent = 5;
  std::vector<std::string> redact;
  Baseline baseline = Baseline::TrainingRun;
  std::optional<Drift> drift;
  std::optional<Quality> quality;

  template <class V>
  static void describe(V& v) {
    v.field("captureSamplePercent", &Monitor::capture_sample_percent,
            {.defaulted = true, .minimum = 0, .maximum = 100},
            "Percent of requests that are looked at.");
    v.field("redact", &Monitor::redact, {.set = true, .min_length = 1},
            "Columns that are never stored.");
    v.field("baseline", &Monitor::baseline, {.defaulted = true}, "What inputs are compared with.");
    v.field("drift", &Monitor::drift, {}, "When inputs have drifted; absent means not watched.");
    v.field("quality", &Monitor::quality, {}, "When inputs are bad; absent means not watched.");
  }
  bool operator==(const Monitor&) const = default;
};

enum class RetrainTrigger { Drift, Quality, Schedule, Manual };
constexpr auto enum_names(RetrainTrigger) {
  return std::array<std::string_view, 4>{"Drift", "Quality", "Schedule", "Manual"};
}

struct TemplateMeta {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

  template <class V>
  static void describe(V& v) {
    v.field("labels", &TemplateMeta::labels, {.max_length = 63, .max_items = 32}, "Labels.");
    v.field("annotations", &TemplateMeta::annotations, {.max_length = 4096, .max_items = 32},
            "Annotations.");
  }
  bool operator==(const TemplateMeta&) const = default;
};

// The GpuJob that is made, as in a CronJob.
struct JobTemplate {
  TemplateMeta metadata;
  GpuJobSpec spec;

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &JobTemplate::metadata, {}, "Labels and annotations of the job.");
    v.field("spec", &JobTemplate::spec, {.required = true, .is_template = true},
            "Spec of the job.");
  }
  bool operator==(const JobTemplate&) const = default;
};

struct Retrain {
  JobTemplate job_template;
  std::vector<RetrainTrigger> on;
  std::string schedule;
  int64_t cooldown_seconds = 86'400;
  std::optional<int64_t> max_micro_usd_per_month;

  template <class V>
  static void describe(V& v) {
    v.field("jobTemplate", &Retrain::job_template, {.required = true}, "Job that trains.");
    v.field("on", &Retrain::on, {.required = true, .set = true, .min_items = 1, .max_items = 4},
            "What starts it.");
    v.field("schedule", &Retrain::schedule, {.min_length = 9, .max_length = 127},
            "Five fields of cron, in UTC; needed by Schedule.");
    v.field("cooldownSeconds", &Retrain::cooldown_seconds,
            {.defaulted = true, .minimum = 0, .maximum = kMostSeconds},
            "Seconds from one start to the next at least.");
    v.field("maxMicroUsdPerMonth", &Retrain::max_micro_usd_per_month, {.minimum = 1},
            "Millionths of a US dollar per calendar month; absent means no bound.");
    v.rule("!('Schedule' in self.on) || has(self.schedule)", "Schedule needs a schedule",
           &Retrain::has_needed_schedule, ".schedule");
  }
  bool operator==(const Retrain&) const = default;

  static bool has_needed_schedule(const Retrain& retrain) {
    for (const RetrainTrigger trigger : retrain.on)
      if (trigger == RetrainTrigger::Schedule) return !retrain.schedule.empty();
    return true;
  }
};

}  // namespace berth::api
