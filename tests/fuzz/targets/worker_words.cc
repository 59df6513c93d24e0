#include "operator/controllers/gpujob/worker_metrics.h"
#include "operator/controllers/gpujob/worker_report.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// What a worker, which may be anybody's image, says of itself: its termination message, and its
// page of metrics.
void worker_words(std::string_view input) {
  if (const auto metrics = control::parse_worker_metrics(input)) {
    require(metrics->step >= 0 && metrics->steps >= 0, "steps below zero");
  }
  api::GpuJobStatus status;
  control::take_termination_message(input, Instant{}, status);
  require(status.result.size() <= 32, "too many results");
  control::take_late_message(input, Instant{Millis{1}}, status);
}

}  // namespace berth::fuzz
