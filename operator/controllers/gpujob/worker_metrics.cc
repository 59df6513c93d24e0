#include "operator/controllers/gpujob/worker_metrics.h"

#include <charconv>
#include <cmath>

namespace berth::control {
namespace {

constexpr double kLargest = 9e15;  // whole numbers are exact in a double up to here

// The value of `line` when it is a sample of the metric `name`, with or without labels.
std::optional<int64_t> sample(std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (line.starts_with('{')) {
    const size_t end = line.find('}');
    if (end == std::string_view::npos) return std::nullopt;
    line.remove_prefix(end + 1);
  }
  if (!line.starts_with(' ')) return std::nullopt;  // a longer name
  while (line.starts_with(' ')) line.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < 0 || value > kLargest) {
    return std::nullopt;
  }
  return static_cast<int64_t>(value);
}

void take(std::string_view line, std::optional<int64_t>& step, WorkerMetrics& metrics) {
  if (const auto v = sample(line, "berth_worker_step")) step = v;
  if (const auto v = sample(line, "berth_worker_steps")) metrics.steps = *v;
  if (const auto v = sample(line, "berth_worker_samples_total")) metrics.samples = *v;
  if (const auto v = sample(line, "berth_worker_checkpoint_step")) metrics.checkpoint_step = v;
  if (const auto v = sample(line, "berth_worker_checkpoint_timestamp_seconds")) {
    metrics.checkpoint_seconds = v;
  }
}

}  // namespace

std::optional<WorkerMetrics> parse_worker_metrics(std::string_view page) {
  WorkerMetrics metrics;
  std::optional<int64_t> step;
  while (!page.empty()) {
    const size_t end = page.find('\n');
    take(page.substr(0, end), step, metrics);
    if (end == std::string_view::npos) break;
    page.remove_prefix(end + 1);
  }
  if (!step) return std::nullopt;
  metrics.step = *step;
  return metrics;
}

}  // namespace berth::control
