#include "operator/controllers/router/router_page.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "base/saturating.h"

namespace berth::control {
namespace {

constexpr double kLargest = 9e15;  // whole numbers are exact in a double up to here

struct Sample {
  std::string_view name;
  std::string endpoint;
  double value = 0;
};

// The value of the label `endpoint` among `a="b",c="d"`; names of endpoints have no escapes.
std::string endpoint_of(std::string_view labels) {
  constexpr std::string_view kKey = "endpoint=\"";
  size_t at = labels.find(kKey);
  while (at != std::string_view::npos && at > 0 && labels[at - 1] != ',') {
    at = labels.find(kKey, at + 1);
  }
  if (at == std::string_view::npos) return {};
  labels.remove_prefix(at + kKey.size());
  return std::string(labels.substr(0, labels.find('"')));
}

std::optional<Sample> parse(std::string_view line) {
  const size_t open = line.find('{');
  const size_t close = line.rfind('}');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  Sample sample{.name = line.substr(0, open),
                .endpoint = endpoint_of(line.substr(open + 1, close - open - 1))};
  line.remove_prefix(close + 1);
  while (line.starts_with(' ')) line.remove_prefix(1);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), sample.value);
  const bool is_good = error == std::errc() && std::isfinite(sample.value) && sample.value >= 0 &&
                       sample.value <= kLargest && !sample.endpoint.empty();
  return is_good ? std::optional(sample) : std::nullopt;
}

void take(const Sample& sample, scaling::RouterCounters& counters) {
  const auto whole = static_cast<int64_t>(sample.value);
  if (sample.name == "berth_router_concurrency_seconds_total") {
    counters.request_ms = static_cast<int64_t>(std::min(sample.value * 1000, kLargest));
  } else if (sample.name == "berth_router_in_flight") {
    counters.in_flight = whole;
    counters.arrived = add_saturating(counters.arrived, whole);  // not answered yet
  } else if (sample.name == "berth_router_requests_total") {
    counters.arrived = add_saturating(counters.arrived, whole);
  }
}

}  // namespace

std::map<std::string, scaling::RouterCounters> parse_router_page(std::string_view page) {
  std::map<std::string, scaling::RouterCounters> found;
  while (!page.empty()) {
    const size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    if (line.starts_with("berth_router_")) {
      if (const auto sample = parse(line)) take(*sample, found[sample->endpoint]);
    }
    if (end == std::string_view::npos) break;
    page.remove_prefix(end + 1);
  }
  return found;
}

}  // namespace berth::control
