#include "operator/controllers/gpujob/worker_metrics.h"

#include "operator/world/metrics_page.h"

namespace berth::control {

std::optional<WorkerMetrics> parse_worker_metrics(std::string_view page) {
  WorkerMetrics metrics;
  std::optional<int64_t> step;
  for (const Sample& sample : samples_of(page)) {
    const auto whole = static_cast<int64_t>(sample.value);
    if (sample.name == "berth_worker_step") step = whole;
    if (sample.name == "berth_worker_steps") metrics.steps = whole;
    if (sample.name == "berth_worker_samples_total") metrics.samples = whole;
    if (sample.name == "berth_worker_checkpoint_step") metrics.checkpoint_step = whole;
    if (sample.name == "berth_worker_checkpoint_timestamp_seconds") {
      metrics.checkpoint_seconds = whole;
    }
  }
  if (!step) return std::nullopt;
  metrics.step = *step;
  return metrics;
}

}  // namespace berth::control
