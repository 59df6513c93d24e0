#pragma once
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/metrics_list.h"
#include "http/router_metrics_list.h"
#include "http/serving_metrics_list.h"

namespace berth::http {

// The numbers behind /metrics. Made from a table, so that a metric without documentation cannot
// exist and a series with a listed label is there, at 0, from the start. Safe from any thread.
//
// Labels are given by value in the order of the table: metrics.add("berth_..._total", {"filter",
// "error"}). A name that is not in the table, a wrong number of labels or a value outside a listed
// set is our own mistake: it asserts, and is dropped where assertions are off.
class Metrics {
 public:
  using Labels = std::initializer_list<std::string_view>;

  explicit Metrics(std::span<const MetricDefinition> table = kMetrics);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void add(std::string_view counter, Labels labels = {}, double by = 1);
  void set(std::string_view gauge, Labels labels, double value);
  void observe(std::string_view histogram, Labels labels, double value);
  // Drops one series of an open label, when what it counted is gone (a deleted Quota).
  void forget(std::string_view name, Labels labels);

  std::string text() const;  // the Prometheus text format

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// docs/reference/metrics.md, whole.
std::string metrics_markdown(std::span<const MetricDefinition> table = kMetrics,
                             std::span<const MetricDefinition> serving = kServingMetrics,
                             std::span<const MetricDefinition> router = kRouterMetrics);

}  // namespace berth::http
