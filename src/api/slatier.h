#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common.h"
#include "api/condition.h"
#include "api/kind.h"
#include "json/object_meta.h"

namespace berth::api {

struct SlaTierSpec {
  int64_t order = 0;
  int64_t device_time_percent = 0;
  int64_t window_seconds = 86'400;
  std::optional<int64_t> max_queue_seconds;
  bool preemptible = false;
  int64_t min_runtime_seconds = 0;

  template <class V>
  static void describe(V& v) {
    v.field("order", &SlaTierSpec::order, {.required = true, .minimum = 0, .maximum = 1000},
            "Rank among the tiers; lower goes first.");
    v.field("deviceTimePercent", &SlaTierSpec::device_time_percent,
            {.defaulted = true, .minimum = 0, .maximum = 100},
            "Percent of the asked device time that is promised in each window.");
    v.field("windowSeconds", &SlaTierSpec::window_seconds,
            {.defaulted = true, .minimum = 60, .maximum = kMostSeconds},
            "Seconds over which the promise is measured.");
    v.field("maxQueueSeconds", &SlaTierSpec::max_queue_seconds,
            {.minimum = 1, .maximum = kMostSeconds},
            "Seconds that work may wait; absent means no promise.");
    v.field("preemptible", &SlaTierSpec::preemptible, {.defaulted = true},
            "Work of this tier may have to give way.");
    v.field("minRuntimeSeconds", &SlaTierSpec::min_runtime_seconds,
            {.defaulted = true, .minimum = 0, .maximum = kMostSeconds},
            "Seconds that work runs before it may have to give way.");
  }
  bool operator==(const SlaTierSpec&) const = default;
};

struct SlaTierStatus {
  int64_t observed_generation = 0;
  std::optional<int64_t> attainment_percent;
  int64_t jobs_at_risk = 0;
  std::vector<Condition> conditions;

  template <class V>
  static void describe(V& v) {
    v.field("observedGeneration", &SlaTierStatus::observed_generation, {.minimum = 0},
            "Generation of the spec that this status is about.");
    v.field("attainmentPercent", &SlaTierStatus::attainment_percent, {.minimum = 0, .maximum = 100},
            "Percent of the tier's work that got what was promised in the last window.");
    v.field("jobsAtRisk", &SlaTierStatus::jobs_at_risk, {.minimum = 0},
            "Jobs that will miss their promise unless something changes.");
    v.field("conditions", &SlaTierStatus::conditions, {.keys = "type"}, "Ready, Kept.");
  }
  bool operator==(const SlaTierStatus&) const = default;
};

// What is promised to work, and what it has to put up with.
struct SlaTier {
  ObjectMeta meta;
  SlaTierSpec spec;
  SlaTierStatus status;

  static constexpr KindFacts kKind{.kind = "SlaTier",
                                   .plural = "slatiers",
                                   .singular = "slatier",
                                   .short_name = "tier",
                                   .namespaced = false,
                                   .doc = "What is promised to work of one tier."};
  static constexpr std::array kColumns{
      Column{"Order", "integer", ".spec.order", "Rank; lower goes first."},
      Column{"Promised", "integer", ".spec.deviceTimePercent", "Percent of device time promised."},
      Column{"Attained", "integer", ".status.attainmentPercent", "Percent of work that got it."},
      Column{"At-Risk", "integer", ".status.jobsAtRisk", "Jobs about to miss it."},
      Column{"Preemptible", "boolean", ".spec.preemptible", "Whether work may have to give way."},
      Column{"Age", "date", ".metadata.creationTimestamp", "Time since creation."},
  };

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &SlaTier::meta, {.max_length = 63, .pattern = kDnsNamePattern},
            "Metadata.");
    v.field("spec", &SlaTier::spec, {.required = true}, "The promise.");
    v.field("status", &SlaTier::status, {}, "How it is kept.");
  }
  bool operator==(const SlaTier&) const = default;
};

}  // namespace berth::api
