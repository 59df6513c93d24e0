#include "http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <variant>
#include <vector>

namespace berth::http {
namespace {

using Values = std::vector<std::string>;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::vector<MetricLabel> labels_of(const MetricDefinition& metric) {
  std::vector<MetricLabel> labels;
  for (const MetricLabel& label : metric.labels) {
    if (!label.name.empty()) labels.push_back(label);
  }
  return labels;
}

bool is_open(const MetricLabel& label) { return label.values.empty(); }

// Every combination of listed values; none when a label is open.
std::vector<Values> listed_series(const std::vector<MetricLabel>& labels) {
  std::vector<Values> series{{}};
  for (const MetricLabel& label : labels) {
    std::vector<Values> longer;
    for (const Values& prefix : series) {
      for (const std::string_view value : split(label.values, '|')) {
        longer.push_back(prefix);
        longer.back().emplace_back(value);
      }
    }
    series = std::move(longer);
  }
  return series;
}

prometheus::Histogram::BucketBoundaries buckets_of(const MetricDefinition& metric) {
  prometheus::Histogram::BucketBoundaries bounds;
  for (const std::string_view bound : split(metric.buckets, ' ')) {
    bounds.push_back(std::stod(std::string(bound)));
  }
  return bounds;
}

using Series = std::variant<prometheus::Counter*, prometheus::Gauge*, prometheus::Histogram*>;
using Family =
    std::variant<prometheus::Family<prometheus::Counter>*, prometheus::Family<prometheus::Gauge>*,
                 prometheus::Family<prometheus::Histogram>*>;

// One row of the table with its series.
struct Row {
  const MetricDefinition* metric = nullptr;
  std::vector<MetricLabel> labels;
  Family family;
  std::map<Values, Series> series;

  Series add(const Values& values) {
    prometheus::Labels named;
    for (size_t i = 0; i < labels.size(); ++i) named.emplace(labels[i].name, values[i]);
    const Series added = make(named);
    series.emplace(values, added);
    return added;
  }

  // Whether every value is one of its label's listed ones, or the label is open.
  bool admits(const Values& values) const {
    for (size_t i = 0; i < values.size(); ++i) {
      if (is_open(labels[i])) continue;
      const auto listed = split(labels[i].values, '|');
      if (std::find(listed.begin(), listed.end(), values[i]) == listed.end()) return false;
    }
    return true;
  }

  void remove(const Values& values) {
    const auto found = series.find(values);
    if (found == series.end()) return;
    switch (metric->kind) {
      case MetricKind::Counter: std::get<0>(family)->Remove(std::get<0>(found->second)); break;
      case MetricKind::Gauge: std::get<1>(family)->Remove(std::get<1>(found->second)); break;
      case MetricKind::Histogram: std::get<2>(family)->Remove(std::get<2>(found->second)); break;
    }
    series.erase(found);
  }

 private:
  Series make(const prometheus::Labels& named) {
    switch (metric->kind) {
      case MetricKind::Counter: return &std::get<0>(family)->Add(named);
      case MetricKind::Gauge: return &std::get<1>(family)->Add(named);
      case MetricKind::Histogram: return &std::get<2>(family)->Add(named, buckets_of(*metric));
    }
    __builtin_unreachable();
  }
};

Family make_family(prometheus::Registry& registry, const MetricDefinition& metric) {
  const std::string name(metric.name);
  const std::string help(metric.help);
  switch (metric.kind) {
    case MetricKind::Counter:
      return &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    case MetricKind::Gauge:
      return &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
    case MetricKind::Histogram:
      return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }
  __builtin_unreachable();
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  std::mutex mutex;  // guards Row::series, and with it a series against being forgotten in use
  std::map<std::string_view, Row> rows;

  // Calls `use` with the series, unless the call does not fit the table.
  template <class T>
  void with(std::string_view name, Labels given, const std::function<void(T&)>& use) {
    const auto row = rows.find(name);
    const bool fits = row != rows.end() && given.size() == row->second.labels.size();
    assert(fits && "not in the table of metrics, or with other labels");
    if (!fits) return;
    const std::lock_guard lock(mutex);
    const std::optional<Series> found = series(row->second, Values(given.begin(), given.end()));
    assert(found && std::holds_alternative<T*>(*found) && "another kind, or an unlisted value");
    if (found && std::holds_alternative<T*>(*found)) use(*std::get<T*>(*found));
  }

  static std::optional<Series> series(Row& row, Values values) {
    if (const auto found = row.series.find(values); found != row.series.end()) return found->second;
    if (!row.admits(values)) return std::nullopt;
    if (row.series.size() < static_cast<size_t>(kSeriesMax)) return row.add(values);
    for (size_t i = 0; i < values.size(); ++i) {
      if (is_open(row.labels[i])) values[i] = "other";
    }
    const auto other = row.series.find(values);
    return other != row.series.end() ? other->second : row.add(values);
  }

  void add_row(const MetricDefinition& metric) {
    Row row{&metric, labels_of(metric), make_family(registry, metric), {}};
    for (const Values& values : listed_series(row.labels)) row.add(values);
    rows.emplace(metric.name, std::move(row));
  }
};

Metrics::Metrics(std::span<const MetricDefinition> table) : state_(std::make_unique<State>()) {
  for (const MetricDefinition& metric : table) state_->add_row(metric);
}
Metrics::~Metrics() = default;

void Metrics::add(std::string_view counter, Labels labels, double by) {
  state_->with<prometheus::Counter>(counter, labels, [by](auto& series) { series.Increment(by); });
}

void Metrics::set(std::string_view gauge, Labels labels, double value) {
  state_->with<prometheus::Gauge>(gauge, labels, [value](auto& series) { series.Set(value); });
}

void Metrics::observe(std::string_view histogram, Labels labels, double value) {
  state_->with<prometheus::Histogram>(histogram, labels,
                                      [value](auto& series) { series.Observe(value); });
}

void Metrics::forget(std::string_view name, Labels labels) {
  const auto row = state_->rows.find(name);
  if (row == state_->rows.end()) return;
  const std::lock_guard lock(state_->mutex);
  row->second.remove(Values(labels.begin(), labels.end()));
}

std::string Metrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->registry.Collect());
  return std::move(out).str();
}

namespace {

std::string labels_markdown(const MetricDefinition& metric) {
  std::string out;
  for (const MetricLabel& label : labels_of(metric)) {
    out.append(out.empty() ? "`" : "; `").append(label.name).append("`");
    std::string_view before = ": ";
    for (const std::string_view value : split(label.values, '|')) {
      out.append(before).append(value);
      before = ", ";
    }
  }
  return out;
}

void append_rows(std::span<const MetricDefinition> table, std::string& out) {
  out.append("| metric | type | labels | meaning |\n|---|---|---|---|\n");
  for (const MetricDefinition& metric : table) {
    static constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};
    out.append("| `").append(metric.name).append("` | ");
    out.append(kKinds[static_cast<size_t>(metric.kind)]).append(" | ");
    out.append(labels_markdown(metric)).append(" | ").append(metric.help).append(" |\n");
  }
}

}  // namespace

std::string metrics_markdown(std::span<const MetricDefinition> table,
                             std::span<const MetricDefinition> serving,
                             std::span<const MetricDefinition> router) {
  std::string out =
      "# Metrics\n\nGenerated from `metrics_list.h`, `serving_metrics_list.h` and "
      "`router_metrics_list.h` in `src/http`; do not edit.\n\nEvery series with listed label "
      "values is there from the start, at 0.\n\n"
      "## The control plane\n\n";
  append_rows(table, out);
  out.append("\n## berth-server\n\n");
  append_rows(serving, out);
  out.append("\n## berth-router\n\n");
  append_rows(router, out);
  return out;
}

}  // namespace berth::http
