#include "router/numbers.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <span>
#include <string_view>

#include "http/router_metrics_list.h"

namespace berth::router {
namespace {

constexpr std::array kBothVariants{Variant::Stable, Variant::Candidate};
constexpr std::array<std::string_view, 2> kVariantNames{"stable", "candidate"};
constexpr std::array<std::string_view, 2> kProtocolNames{"rest", "grpc"};
constexpr std::array<std::string_view, 4> kShadowNames{"same", "different", "failed", "skipped"};

std::string_view buckets_listed() {
  for (const auto& metric : http::kRouterMetrics) {
    if (!metric.buckets.empty()) return metric.buckets;
  }
  return {};
}

std::vector<double> bounds_listed() {
  std::vector<double> bounds;
  for (std::string_view text = buckets_listed(); !text.empty();) {
    double bound = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), bound).ptr;
    bounds.push_back(bound);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return bounds;
}

// In seconds; nothing where no latency is promised.
std::optional<double> bound_of(const std::optional<api::Slo>& promise) {
  if (!promise || !promise->latency) return std::nullopt;
  return std::chrono::duration<double>(Millis(promise->latency->milliseconds)).count();
}

std::string shown(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// One metric of the page, line by line.
class Lines {
 public:
  Lines(std::string& out, std::string_view name) : out_(out), name_(name) {
    const auto* const found =
        std::find_if(std::begin(http::kRouterMetrics), std::end(http::kRouterMetrics),
                     [&](const auto& metric) { return metric.name == name; });
    static constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};
    out_.append("# HELP ").append(name).append(" ").append(found->help).append("\n# TYPE ");
    out_.append(name).append(" ").append(kKinds[static_cast<size_t>(found->kind)]).append("\n");
  }

  void add(std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
           double value, std::string_view suffix = {}) {
    out_.append(name_).append(suffix);
    char before = '{';
    for (const auto& [name, text] : labels) {
      out_.append(1, before).append(name).append("=\"").append(text).append("\"");
      before = ',';
    }
    out_.append("} ").append(shown(value)).append("\n");
  }

 private:
  std::string& out_;
  std::string_view name_;
};

void add_requests(std::span<const Reading> readings, std::string& out) {
  Lines lines(out, "berth_router_requests_total");
  for (const Reading& one : readings) {
    for (const Variant variant : kBothVariants) {
      for (const Protocol protocol : {Protocol::Rest, Protocol::Grpc}) {
        for (const auto& [code, count] : one.numbers.codes(variant, protocol)) {
          lines.add({{"endpoint", one.endpoint},
                     {"variant", kVariantNames[static_cast<size_t>(variant)]},
                     {"protocol", kProtocolNames[static_cast<size_t>(protocol)]},
                     {"code", std::to_string(code)}},
                    static_cast<double>(count));
        }
      }
    }
  }
}

void add_durations(std::span<const Reading> readings, std::string& out) {
  Lines lines(out, "berth_router_request_duration_seconds");
  for (const Reading& one : readings) {
    for (const Variant variant : kBothVariants) {
      const std::string_view name = kVariantNames[static_cast<size_t>(variant)];
      const Numbers::Histogram& histogram = one.numbers.durations(variant);
      int64_t below = 0;
      for (size_t i = 0; i < histogram.buckets.size(); ++i) {
        below += histogram.buckets[i];
        const auto& bounds = one.numbers.bounds();
        const std::string bound = i < bounds.size() ? shown(bounds[i]) : "+Inf";
        lines.add({{"endpoint", one.endpoint}, {"variant", name}, {"le", bound}},
                  static_cast<double>(below), "_bucket");
      }
      lines.add({{"endpoint", one.endpoint}, {"variant", name}}, histogram.sum_seconds, "_sum");
      lines.add({{"endpoint", one.endpoint}, {"variant", name}}, static_cast<double>(below),
                "_count");
    }
  }
}

template <class Value>
void add_one_each(std::span<const Reading> readings, std::string_view metric, Value value,
                  std::string& out) {
  Lines lines(out, metric);
  for (const Reading& one : readings) {
    lines.add({{"endpoint", one.endpoint}}, static_cast<double>(value(one)));
  }
}

void add_replicas(std::span<const Reading> readings, std::string& out) {
  Lines lines(out, "berth_router_ready_replicas");
  for (const Reading& one : readings) {
    for (size_t i = 0; i < kVariantNames.size(); ++i) {
      lines.add({{"endpoint", one.endpoint}, {"variant", kVariantNames[i]}},
                static_cast<double>(one.replicas[i]));
    }
  }
}

// Of endpoints that promise nothing there is nothing to see.
void add_promises(std::span<const Reading> readings, std::string& out) {
  Lines objectives(out, "berth_router_objective_ratio");
  const auto add = [&](const Reading& one, std::string_view objective, int64_t basis_points) {
    objectives.add({{"endpoint", one.endpoint}, {"objective", objective}},
                   static_cast<double>(basis_points) / 10'000);
  };
  for (const Reading& one : readings) {
    const std::optional<api::Slo>& promise = one.numbers.promise();
    if (!promise) continue;
    if (promise->availability_basis_points) {
      add(one, "availability", *promise->availability_basis_points);
    }
    if (promise->latency) add(one, "latency", promise->latency->basis_points);
  }
  Lines late(out, "berth_router_late_requests_total");
  for (const Reading& one : readings) {
    const std::optional<api::Slo>& promise = one.numbers.promise();
    if (!promise || !promise->latency) continue;
    late.add({{"endpoint", one.endpoint}}, static_cast<double>(one.numbers.late()));
  }
}

void add_shadows(std::span<const Reading> readings, std::string& out) {
  Lines lines(out, "berth_router_shadow_compared_total");
  for (const Reading& one : readings) {
    for (size_t i = 0; i < kShadowNames.size(); ++i) {
      lines.add({{"endpoint", one.endpoint}, {"outcome", kShadowNames[i]}},
                static_cast<double>(one.numbers.shadows(static_cast<ShadowOutcome>(i))));
    }
  }
}

}  // namespace

bool is_failure(Protocol protocol, int code) {
  if (protocol == Protocol::Rest) return code >= 500;
  return code == 2 || code == 13 || code == 14 || code == 15;
}

void Numbers::set_promise(const std::optional<api::Slo>& promise) {
  const std::optional<double> had = bound_of(promise_);
  const std::optional<double> own = bound_of(promise);
  promise_ = promise;
  if (own == had && !bounds_.empty()) return;
  bounds_ = bounds_listed();
  if (own && std::find(bounds_.begin(), bounds_.end(), *own) == bounds_.end()) {
    bounds_.insert(std::upper_bound(bounds_.begin(), bounds_.end(), *own), *own);
  }
  for (OfVariant& variant : variants_) {
    variant.durations = {.buckets = std::vector<int64_t>(bounds_.size() + 1)};
  }
}

int64_t Numbers::late() const {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), *bound_of(promise_));
  int64_t late = 0;
  for (const OfVariant& variant : variants_) {
    const auto& buckets = variant.durations.buckets;
    late = std::accumulate(buckets.begin() + (bound - bounds_.begin()) + 1, buckets.end(), late);
  }
  return late;
}

void Numbers::count(Variant variant, Protocol protocol, int code, Micros duration) {
  OfVariant& counted = variants_[static_cast<size_t>(variant)];
  ++counted.codes[static_cast<size_t>(protocol)][code];
  if (code == kClientGone) return;
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  if (counted.durations.buckets.empty()) return;
  ++counted.durations.buckets[static_cast<size_t>(at)];
  counted.durations.sum_seconds += seconds;
}

const Numbers::Codes& Numbers::codes(Variant variant, Protocol protocol) const {
  return variants_[static_cast<size_t>(variant)].codes[static_cast<size_t>(protocol)];
}

const Numbers::Histogram& Numbers::durations(Variant variant) const {
  return variants_[static_cast<size_t>(variant)].durations;
}

std::string metrics_text(const std::vector<Reading>& readings) {
  std::string out;
  add_requests(readings, out);
  add_durations(readings, out);
  add_one_each(
      readings, "berth_router_held_requests", [](auto& one) { return one.held; }, out);
  add_one_each(
      readings, "berth_router_in_flight", [](auto& one) { return one.in_flight; }, out);
  add_one_each(
      readings, "berth_router_concurrency_seconds_total",
      [](auto& one) { return one.request_seconds; }, out);
  add_one_each(
      readings, "berth_router_refused_total", [](auto& one) { return one.numbers.refused; }, out);
  add_one_each(
      readings, "berth_router_retries_total", [](auto& one) { return one.numbers.retries; }, out);
  add_one_each(
      readings, "berth_router_ejections_total", [](auto& one) { return one.numbers.ejections; },
      out);
  add_replicas(readings, out);
  add_shadows(readings, out);
  add_promises(readings, out);
  return out;
}

}  // namespace berth::router
