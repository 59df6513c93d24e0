#include "operator/controllers/router/router_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/saturating.h"
#include "operator/world/metrics_page.h"

namespace berth::control {
namespace {

constexpr double kLargest = 9e15;
constexpr int kClientGone = 499;  // of both protocols
constexpr int kFirstHttpError = 500;

// Requests that took at most so many milliseconds; those above all bounds have kAbove.
using Cumulated = std::map<int64_t, int64_t>;
constexpr int64_t kAbove = std::numeric_limits<int64_t>::max();

struct Found {
  EndpointCounters counters;
  Cumulated within;  // over all variants
};

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html: UNKNOWN, DEADLINE_EXCEEDED,
// RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
constexpr std::array kGrpcErrors = {2, 4, 8, 13, 14, 15};

void take_requests(const Sample& sample, EndpointCounters& counters) {
  const auto whole = static_cast<int64_t>(sample.value);
  counters.load.arrived = add_saturating(counters.load.arrived, whole);
  const auto code = static_cast<int64_t>(metric_number(label(sample.labels, "code")).value_or(0));
  if (code == kClientGone) return;
  const bool is_grpc = label(sample.labels, "protocol") == "grpc";
  const bool is_error =
      is_grpc ? std::ranges::find(kGrpcErrors, code) != kGrpcErrors.end() : code >= kFirstHttpError;
  counters.answers.requests = add_saturating(counters.answers.requests, whole);
  if (is_error) counters.answers.errors = add_saturating(counters.answers.errors, whole);
}

void take_bucket(const Sample& sample, Cumulated& within) {
  const std::string_view bound = label(sample.labels, "le");
  int64_t upper = kAbove;
  if (bound != "+Inf") {
    const auto seconds = metric_number(bound);
    if (!seconds || *seconds > 1e6) return;
    const double ms = *seconds * 1000;
    upper = std::llround(ms);
    if (std::abs(ms - static_cast<double>(upper)) > 1e-6) return;
  }
  within[upper] = add_saturating(within[upper], static_cast<int64_t>(sample.value));
}

void take(const Sample& sample, Found& found) {
  scaling::RouterCounters& load = found.counters.load;
  const auto whole = static_cast<int64_t>(sample.value);
  if (sample.name == "berth_router_concurrency_seconds_total") {
    load.request_ms = static_cast<int64_t>(std::min(sample.value * 1000, kLargest));
  } else if (sample.name == "berth_router_in_flight") {
    load.in_flight = whole;
    load.arrived = add_saturating(load.arrived, whole);  // not answered yet
  } else if (sample.name == "berth_router_requests_total") {
    take_requests(sample, found.counters);
  } else if (sample.name == "berth_router_request_duration_seconds_bucket") {
    take_bucket(sample, found.within);
  }
}

// Nothing where the page's buckets are none: without the last one, or falling.
slo::LatencyHistogram histogram_of(const Cumulated& within) {
  slo::LatencyHistogram made;
  int64_t below = 0;
  for (const auto& [upper, count] : within) {
    if (count < below) return {};
    if (upper != kAbove) made.upper_ms.push_back(upper);
    made.counts.push_back(count - below);
    below = count;
  }
  return within.contains(kAbove) ? made : slo::LatencyHistogram{};
}

}  // namespace

std::map<std::string, EndpointCounters> parse_router_page(std::string_view page) {
  std::map<std::string, Found> found;
  for (const Sample& sample : samples_of(page)) {
    const std::string_view endpoint = label(sample.labels, "endpoint");
    const bool is_ours = sample.name.starts_with("berth_router_") && !endpoint.empty();
    if (is_ours) take(sample, found[std::string(endpoint)]);
  }
  std::map<std::string, EndpointCounters> counters;
  for (auto& [endpoint, one] : found) {
    one.counters.answers.latency = histogram_of(one.within);
    counters.emplace(endpoint, std::move(one.counters));
  }
  return counters;
}

}  // namespace berth::control
