#include "serving/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "http/serving_metrics_list.h"

namespace berth::serving {
namespace {

constexpr std::array<std::string_view, 3> kDrops = {"full", "expired", "gone"};

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

// The bounds in rising order, with one more among them.
std::string with_bound(std::string_view bounds, double more) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), more).ptr;
  const std::string_view added(text.data(), static_cast<size_t>(end - text.data()));
  std::string all;
  bool is_in = false;
  while (!bounds.empty()) {
    const std::string_view bound = bounds.substr(0, bounds.find(' '));
    bounds.remove_prefix(std::min(bound.size() + 1, bounds.size()));
    double value = 0;
    std::from_chars(bound.data(), bound.data() + bound.size(), value);
    if (!is_in && value >= more) {
      if (value > more) all.append(added).append(" ");
      is_in = true;
    }
    all.append(bound).append(" ");
  }
  if (!is_in) all.append(added);
  return all;
}

}  // namespace

void Endpoint::load(Loaded loaded) {
  metrics_.set("berth_inference_device", {loaded.device}, 1);
  loaded_ = std::move(loaded);
  is_loaded_.store(true, std::memory_order_release);
}

bool Endpoint::serves(std::string_view name, std::string_view version) const {
  return name == options_.model.name && (version.empty() || version == options_.model.version);
}

Result<uint64_t> Endpoint::submit(Request request, MicroTime deadline,
                                  std::function<void(const Request&, Result<Outputs>)> done) {
  const Loaded* model = loaded();
  if (!model) {
    return Error{Code::Unavailable, "the model is not loaded yet",
                 std::chrono::milliseconds{1'000}};
  }
  Fit fitting = BERTH_TRY(fit(model->signature, request));
  const int64_t rows_max = model->dispatcher->rules().rows_max;
  if (fitting.rows > rows_max) {
    return Error{Code::Invalid, "a batch of " + std::to_string(fitting.rows) +
                                    " rows, of at most " + std::to_string(rows_max) +
                                    " (--max-batch-size)"};
  }
  return model->dispatcher->submit({.request = std::move(request),
                                    .fit = std::move(fitting),
                                    .deadline = deadline,
                                    .done = std::move(done)});
}

void Endpoint::answered(std::string_view protocol, std::string_view code, MicroTime since) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  const auto& [name, version] = options_.model;
  metrics_.add("berth_inference_requests_total", {name, version, protocol, code});
  metrics_.observe(http::kRequestDuration, {name, version, protocol},
                   seconds(now_micros() - since));
}

std::string Endpoint::metrics_text() {
  const Loaded* model = loaded();
  const auto set = [this](std::string_view gauge, double value) { metrics_.set(gauge, {}, value); };
  set("berth_inference_queue_depth",
      model ? static_cast<double>(model->dispatcher->waiting()) : 0.0);
  set("berth_inference_in_flight", static_cast<double>(in_flight()));
  set("berth_inference_held_bytes", static_cast<double>(held_bytes_->load()));
  set("berth_inference_ready", lifecycle_.stage() == Stage::Ready ? 1 : 0);
  return metrics_.text();
}

void Endpoint::dropped(Drop why) {
  metrics_.add("berth_inference_dropped_total", {kDrops[static_cast<size_t>(why)]});
}

void Endpoint::computed(int64_t rows, Micros took) {
  const auto& [name, version] = options_.model;
  metrics_.observe("berth_inference_batch_size", {name, version}, static_cast<double>(rows));
  metrics_.observe("berth_inference_compute_duration_seconds", {name, version}, seconds(took));
}

ServingMetricsTable::ServingMetricsTable(int64_t slo_milliseconds)
    : rows_(std::begin(http::kServingMetrics), std::end(http::kServingMetrics)) {
  if (slo_milliseconds == 0) return;
  for (http::MetricDefinition& row : rows_) {
    if (row.name != http::kRequestDuration) continue;
    buckets_ = with_bound(row.buckets, static_cast<double>(slo_milliseconds) / 1000);
    row.buckets = buckets_;
  }
}

}  // namespace berth::serving
