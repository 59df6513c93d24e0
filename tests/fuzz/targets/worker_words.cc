#include "operator/controllers/gpujob/worker_metrics.h"
#include "operator/controllers/gpujob/worker_report.h"
#include "operator/controllers/inferenceendpoint/replica_page.h"
#include "operator/controllers/router/router_page.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// What a worker, which may be anybody's image, says of itself: its termination message, and its
// page of metrics, of training and of serving. A router's page is read in the same way.
void worker_words(std::string_view input) {
  if (const auto metrics = control::parse_worker_metrics(input)) {
    require(metrics->step >= 0 && metrics->steps >= 0, "steps below zero");
  }
  if (const auto page = control::parse_replica_page(input)) {
    require(page->computed >= Millis{0}, "computed for less than no time");
  }
  for (const auto& [endpoint, counters] : control::parse_router_page(input)) {
    require(!endpoint.empty() && counters.answers.errors <= counters.answers.requests,
            "more errors than requests");
    for (const int64_t count : counters.answers.latency.counts) {
      require(count >= 0, "fewer than no requests");
    }
  }
  api::GpuJobStatus status;
  control::take_termination_message(input, Instant{}, status);
  require(status.result.size() <= 32, "too many results");
  control::take_late_message(input, Instant{Millis{1}}, status);
}

}  // namespace berth::fuzz
