#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/endpoint_watch.h"
#include "router/moment.h"
#include "router/route_table.h"

namespace berth::router {

enum class Protocol { Rest, Grpc };
enum class ShadowOutcome { Same, Different, Failed, Skipped };

inline constexpr int kClientGone = 499;  // as nginx counts it; of both protocols

// Whether an answer speaks against its replica: a 5xx, gRPC UNKNOWN, INTERNAL, UNAVAILABLE or
// DATA_LOSS.
bool is_failure(Protocol protocol, int code);

// What has been counted for one endpoint. One thread at a time; copied to be shown.
class Numbers {
 public:
  // What the endpoint promises. A new bound of latency starts the histograms anew, as a restart
  // would: what was counted cannot be told apart by it.
  void set_promise(const std::optional<api::Slo>& promise);

  void count(Variant variant, Protocol protocol, int code, Micros duration);
  void count_shadow(ShadowOutcome outcome) { ++shadows_[static_cast<size_t>(outcome)]; }

  int64_t retries = 0;
  int64_t ejections = 0;
  int64_t refused = 0;

  struct Histogram {
    std::vector<int64_t> buckets;  // one more than there are bounds
    double sum_seconds = 0;
  };
  using Codes = std::map<int, int64_t>;
  const Codes& codes(Variant variant, Protocol protocol) const;
  const Histogram& durations(Variant variant) const;
  // Upper bounds in seconds, those of the metrics list and the endpoint's own.
  const std::vector<double>& bounds() const { return bounds_; }
  const std::optional<api::Slo>& promise() const { return promise_; }
  // Answers later than the promised bound. REQUIRES: one is promised.
  int64_t late() const;
  int64_t shadows(ShadowOutcome outcome) const { return shadows_[static_cast<size_t>(outcome)]; }

 private:
  struct OfVariant {
    std::array<Codes, 2> codes;  // by Protocol
    Histogram durations;
  };
  std::array<OfVariant, 2> variants_;  // by Variant
  std::array<int64_t, 4> shadows_{};   // by ShadowOutcome
  std::vector<double> bounds_;
  std::optional<api::Slo> promise_;
};

// What one page of metrics says of one endpoint.
struct Reading {
  std::string endpoint;
  Numbers numbers;
  int64_t held = 0;
  int64_t in_flight = 0;
  double request_seconds = 0;
  std::array<size_t, 2> replicas{};  // by Variant
};

// The Prometheus text format, by the list in http/router_metrics_list.h.
std::string metrics_text(const std::vector<Reading>& readings);

}  // namespace berth::router
