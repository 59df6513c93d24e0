#include "operator/controllers/inferenceendpoint/replica_page.h"

#include <algorithm>

#include "operator/world/metrics_page.h"

namespace berth::control {
namespace {

// Longer than any process runs.
Millis milliseconds(double seconds) {
  return Millis(static_cast<int64_t>(std::min(seconds, 1e9) * 1000));
}

}  // namespace

std::optional<ReplicaPage> parse_replica_page(std::string_view text) {
  ReplicaPage page;
  bool is_one = false;
  for (const Sample& sample : samples_of(text)) {
    if (sample.name == "berth_inference_ready") is_one = true;
    if (sample.name == "berth_inference_compute_duration_seconds_sum") {
      page.computed += milliseconds(sample.value);
    }
    if (sample.name != "berth_inference_start_seconds") continue;
    const std::string_view phase = label(sample.labels, "phase");
    const Millis took = milliseconds(sample.value);
    if (phase == "warm") page.warmed = took;
    if (phase == "read" || phase == "load") page.loaded = page.loaded.value_or(Millis{0}) + took;
  }
  return is_one ? std::optional(page) : std::nullopt;
}

}  // namespace berth::control
