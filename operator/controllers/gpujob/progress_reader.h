#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "operator/controllers/gpujob/gpujob_controller.h"
#include "operator/controllers/gpujob/worker_metrics.h"
#include "operator/world/metrics_fetcher.h"
#include "operator/world/stores.h"

namespace berth::control {

// Asks the first worker of every running job for its progress, now and then. Only addresses that
// the status of the job's own pod names are ever asked.
class ProgressReader {
 public:
  ProgressReader(Stores& stores, GpuJobController& jobs, MetricsFetcher& fetcher,
                 std::function<void(const runtime::ObjectKey&)> wake, const Settings& settings,
                 const Clock& clock);
  ProgressReader(const ProgressReader&) = delete;
  ProgressReader& operator=(const ProgressReader&) = delete;

  // Told of the page of a job that is a replica of an InferenceEndpoint.
  std::function<void(const api::GpuJob&, const std::string& page)> on_replica;

  Monotonic tick();  // returns when to call again at the latest

 private:
  struct Watched {
    Monotonic due;
    bool is_asked = false;
    std::optional<WorkerMetrics> last;
    Instant last_at{};
  };

  void on_job(const api::GpuJob* before, const api::GpuJob* after);
  void ask(const std::string& uid, Watched& watched);
  void answered(const std::string& uid, const Result<std::string>& page);

  Stores& stores_;
  GpuJobController& jobs_;
  MetricsFetcher& fetcher_;
  std::function<void(const runtime::ObjectKey&)> wake_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, Watched> watched_;  // by the job's UID
  size_t asked_ = 0;
};

// What the status shows, from two readings of one worker of a gang of `workers`.
GpuJobController::Report report_of(const WorkerMetrics& now, Instant at,
                                   const std::optional<WorkerMetrics>& before, Instant before_at,
                                   int64_t workers);

}  // namespace berth::control
