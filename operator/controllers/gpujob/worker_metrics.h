#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

// What a worker's /metrics page says of its training (docs/workers.md). Pure.
namespace berth::control {

struct WorkerMetrics {
  int64_t step = 0;
  int64_t steps = 0;
  int64_t samples = 0;  // of this worker, since it started
  std::optional<int64_t> checkpoint_step;
  std::optional<int64_t> checkpoint_seconds;  // of the Unix epoch
};

// Reads the Prometheus text format. Nothing when berth_worker_step is not there: other people's
// images show what they like.
std::optional<WorkerMetrics> parse_worker_metrics(std::string_view page);

}  // namespace berth::control
