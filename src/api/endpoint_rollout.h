#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common.h"
#include "json/enum_names.h"

namespace berth::api {

struct Candidate {
  std::string alias;

  template <class V>
  static void describe(V& v) {
    v.field("alias", &Candidate::alias, {.required = true, .min_length = 1},
            "Alias that names the version to try.");
  }
  bool operator==(const Candidate&) const = default;
};

// One step of a rollout: some requests are mirrored, or some are answered by the candidate.
struct RolloutStep {
  std::optional<int64_t> mirror_percent;
  std::optional<int64_t> weight_percent;
  int64_t hold_seconds = 600;

  template <class V>
  static void describe(V& v) {
    v.field("mirrorPercent", &RolloutStep::mirror_percent, {.minimum = 1, .maximum = 100},
            "Percent of requests that the candidate answers beside the stable version.");
    v.field("weightPercent", &RolloutStep::weight_percent, {.minimum = 1, .maximum = 100},
            "Percent of requests that only the candidate answers.");
    v.field("holdSeconds", &RolloutStep::hold_seconds,
            {.defaulted = true, .minimum = 1, .maximum = kMostSeconds},
            "Seconds that the step lasts at least.");
    v.rule("has(self.mirrorPercent) != has(self.weightPercent)",
           "a step has exactly one of mirrorPercent and weightPercent",
           [](const RolloutStep& step) {
             return step.mirror_percent.has_value() != step.weight_percent.has_value();
           });
  }
  bool operator==(const RolloutStep&) const = default;
};

// A check of one's own: a PromQL query and its bounds, in millionths.
struct QueryCheck {
  std::string name;
  std::string promql;
  std::optional<int64_t> min_millionths;
  std::optional<int64_t> max_millionths;

  template <class V>
  static void describe(V& v) {
    v.field("name", &QueryCheck::name, {.required = true, .min_length = 1, .max_length = 63},
            "Name of the check.");
    v.field("promql", &QueryCheck::promql, {.required = true, .min_length = 1, .max_length = 4096},
            "Query with one number as its answer.");
    v.field("minMillionths", &QueryCheck::min_millionths, {}, "Least answer, in millionths.");
    v.field("maxMillionths", &QueryCheck::max_millionths, {}, "Greatest answer, in millionths.");
    v.rule("has(self.minMillionths) || has(self.maxMillionths)",
           "a query needs minMillionths or maxMillionths",
           [](const QueryCheck& check) { return check.min_millionths || check.max_millionths; });
  }
  bool operator==(const QueryCheck&) const = default;
};

// Candidate against stable over the same window; all of them pass at each step.
struct RolloutChecks {
  int64_t min_requests = 1000;
  int64_t max_error_increase_basis_points = 50;
  int64_t max_p99_increase_percent = 20;
  int64_t max_disagreement_percent = 5;
  int64_t max_cost_increase_percent = 10;
  std::vector<QueryCheck> queries;

  template <class V>
  static void describe(V& v) {
    v.field("minRequests", &RolloutChecks::min_requests, {.defaulted = true, .minimum = 1},
            "Fewer requests decide nothing: the step holds.");
    v.field("maxErrorIncreaseBasisPoints", &RolloutChecks::max_error_increase_basis_points,
            {.defaulted = true, .minimum = 0, .maximum = 10'000},
            "Most further errors, in hundredths of a percent of requests.");
    v.field("maxP99IncreasePercent", &RolloutChecks::max_p99_increase_percent,
            {.defaulted = true, .minimum = 0, .maximum = 1000},
            "Most increase of the 99th percentile of latency, in percent.");
    v.field("maxDisagreementPercent", &RolloutChecks::max_disagreement_percent,
            {.defaulted = true, .minimum = 0, .maximum = 100},
            "Most mirrored answers that differ, in percent.");
    v.field("maxCostIncreasePercent", &RolloutChecks::max_cost_increase_percent,
            {.defaulted = true, .minimum = 0, .maximum = 1000},
            "Most increase of the price per request, in percent.");
    v.field("queries", &RolloutChecks::queries, {.max_items = 16, .keys = "name"},
            "Further checks.");
  }
  bool operator==(const RolloutChecks&) const = default;
};

enum class RolloutCapacity { Surge, Borrow, InPlace };
constexpr auto enum_names(RolloutCapacity) {
  return std::array<std::string_view, 3>{"Surge", "Borrow", "InPlace"};
}
enum class Approval { Automatic, Manual };
constexpr auto enum_names(Approval) {
  return std::array<std::string_view, 2>{"Automatic", "Manual"};
}

// How a new version takes over.
struct Rollout {
  std::optional<Candidate> candidate;
  std::vector<RolloutStep> steps;
  RolloutChecks checks;
  int64_t inconclusive_after_seconds = 86'400;
  RolloutCapacity capacity = RolloutCapacity::InPlace;
  Approval approval = Approval::Manual;
  int64_t rollback_window_seconds = 3600;

  template <class V>
  static void describe(V& v) {
    v.field("candidate", &Rollout::candidate, {},
            "Version to try; a rollout starts when it is not the one that serves.");
    v.field("steps", &Rollout::steps, {.min_items = 1, .max_items = 16},
            "Steps in order; absent means mirror 20, then 5, then 50 percent, 600 seconds each.");
    v.field("checks", &Rollout::checks, {.defaulted = true}, "What has to hold at each step.");
    v.field("inconclusiveAfterSeconds", &Rollout::inconclusive_after_seconds,
            {.defaulted = true, .minimum = 60, .maximum = kMostSeconds},
            "Seconds without a verdict after which the rollout ends without promotion.");
    v.field("capacity", &Rollout::capacity, {.defaulted = true},
            "Where the candidate's devices come from: more of the quota, a short Reservation of "
            "preemptible work, or one of the endpoint's own replicas.");
    v.field("approval", &Rollout::approval, {.defaulted = true},
            "Whether a person has to agree before promotion.");
    v.field("rollbackWindowSeconds", &Rollout::rollback_window_seconds,
            {.defaulted = true, .minimum = 0, .maximum = kMostSeconds},
            "Seconds that the version before is kept warm after promotion.");
  }
  bool operator==(const Rollout&) const = default;
};

struct HeaderMatch {
  std::string name;
  std::string value;

  template <class V>
  static void describe(V& v) {
    v.field("name", &HeaderMatch::name,
            {.required = true, .min_length = 1, .max_length = 127, .pattern = "^[A-Za-z0-9-]+$"},
            "Name of the header.");
    v.field("value", &HeaderMatch::value, {.required = true, .max_length = 1024},
            "Value that the header has.");
  }
  bool operator==(const HeaderMatch&) const = default;
};

enum class Variant { Stable, Candidate };
constexpr auto enum_names(Variant) {
  return std::array<std::string_view, 2>{"Stable", "Candidate"};
}

// Requests that go to one variant: by a header's value, or by a stable split of a key.
struct Route {
  std::string name;
  std::optional<HeaderMatch> header;
  std::optional<Variant> variant;
  std::string split_key_header;
  std::optional<int64_t> candidate_percent;

  template <class V>
  static void describe(V& v) {
    v.field("name", &Route::name,
            {.required = true, .min_length = 1, .max_length = 63, .pattern = kDnsLabelPattern},
            "Name of the route.");
    v.field("header", &Route::header, {}, "Header that the request carries.");
    v.field("variant", &Route::variant, {}, "Variant that answers.");
    v.field("splitKeyHeader", &Route::split_key_header, {.min_length = 1, .max_length = 127},
            "Header whose value decides the variant, the same one each time.");
    v.field("candidatePercent", &Route::candidate_percent, {.minimum = 0, .maximum = 100},
            "Percent of keys that the candidate answers.");
    v.rule(
        "has(self.header) == has(self.variant) && "
        "has(self.splitKeyHeader) == has(self.candidatePercent) && "
        "has(self.header) != has(self.splitKeyHeader)",
        "a route has either header and variant, or splitKeyHeader and candidatePercent",
        &Route::is_one_kind);
  }
  bool operator==(const Route&) const = default;

  static bool is_one_kind(const Route& route) {
    const bool splits = !route.split_key_header.empty();
    return route.header.has_value() == route.variant.has_value() &&
           splits == route.candidate_percent.has_value() && route.header.has_value() != splits;
  }
};

}  // namespace berth::api
