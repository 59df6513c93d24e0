#include "operator/controllers/gpujob/progress_reader.h"

#include <algorithm>
#include <utility>

#include "kube/pod_address.h"
#include "operator/controllers/gpujob/worker_pod.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

constexpr size_t kAskedMost = 8;      // at a time
constexpr Millis kFirstAfter{5'000};  // a job that ends sooner says it all in its last message

}  // namespace

ProgressReader::ProgressReader(Stores& stores, GpuJobController& jobs, MetricsFetcher& fetcher,
                               std::function<void(const runtime::ObjectKey&)> wake,
                               const Settings& settings, const Clock& clock)
    : stores_(stores),
      jobs_(jobs),
      fetcher_(fetcher),
      wake_(std::move(wake)),
      settings_(settings),
      clock_(clock) {
  stores.jobs.subscribe([this](const auto* a, const auto* b) { on_job(a, b); });
}

void ProgressReader::on_job(const api::GpuJob* before, const api::GpuJob* after) {
  if (after != nullptr && after->status.placement && after->status.started_at) {
    watched_.try_emplace(after->meta.uid, Watched{clock_.monotonic() + kFirstAfter});
  } else {
    watched_.erase(after != nullptr ? after->meta.uid : before->meta.uid);
  }
}

Monotonic ProgressReader::tick() {
  if (settings_.progress_interval == Millis{0}) return Monotonic::max();
  const Monotonic now = clock_.monotonic();
  Monotonic wake = Monotonic::max();
  for (auto& [uid, watched] : watched_) {
    if (watched.is_asked) continue;
    if (watched.due <= now && asked_ < kAskedMost) ask(uid, watched);
    if (!watched.is_asked) wake = std::min(wake, std::max(watched.due, now + Millis{100}));
  }
  return wake;
}

void ProgressReader::ask(const std::string& uid, Watched& watched) {
  watched.due = clock_.monotonic() + settings_.progress_interval;
  const api::GpuJob* job = stores_.jobs.find_uid(uid);
  if (job == nullptr || !job->status.placement) return;
  const std::string name =
      translate::worker_name(job->meta.name, {job->status.placement->attempt, 0});
  const translate::Pod* pod = stores_.pods.find({job->meta.name_space, name});
  if (pod == nullptr || owner_job(*pod) != uid || pod->is_terminal()) return;
  if (!kube::is_pod_address(pod->ip)) return;
  watched.is_asked = true;
  ++asked_;
  fetcher_.fetch(pod->ip, kStatusPort,
                 [this, uid](const Result<std::string>& page) { answered(uid, page); });
}

void ProgressReader::answered(const std::string& uid, const Result<std::string>& page) {
  --asked_;
  const auto at = watched_.find(uid);
  if (at == watched_.end()) return;
  Watched& watched = at->second;
  watched.is_asked = false;
  const api::GpuJob* job = stores_.jobs.find_uid(uid);
  if (page && job != nullptr && job->spec.replica && on_replica) on_replica(*job, *page);
  const auto metrics = page ? parse_worker_metrics(*page) : std::nullopt;
  if (!metrics || job == nullptr || !job->status.placement) return;
  const auto workers = static_cast<int64_t>(job->status.placement->workers.size());
  const Instant now = clock_.now();
  jobs_.report(uid, report_of(*metrics, now, watched.last, watched.last_at, workers));
  watched.last = metrics;
  watched.last_at = now;
  wake_(runtime::key_of(job->meta));
}

GpuJobController::Report report_of(const WorkerMetrics& now, Instant at,
                                   const std::optional<WorkerMetrics>& before, Instant before_at,
                                   int64_t workers) {
  GpuJobController::Report report;
  report.progress = {.step = now.step,
                     .steps = now.steps,
                     .percent = 0,
                     .eta_seconds = {},
                     .samples_per_second = {},
                     .last_heartbeat = at};
  if (now.steps > 0) report.progress.percent = std::min<int64_t>(100, now.step * 100 / now.steps);
  const int64_t passed_ms = before ? (at - before_at).count() : 0;
  if (passed_ms > 0 && now.samples >= before->samples) {
    report.progress.samples_per_second =
        (now.samples - before->samples) * 1000 * workers / passed_ms;
  }
  if (passed_ms > 0 && now.step > before->step && now.steps >= now.step) {
    report.progress.eta_seconds =
        (now.steps - now.step) * passed_ms / (now.step - before->step) / 1000;
  }
  if (now.checkpoint_step && *now.checkpoint_step > 0) {
    api::CheckpointStatus checkpoint{.step = *now.checkpoint_step};
    if (now.checkpoint_seconds) {
      checkpoint.at = Instant{std::chrono::seconds(*now.checkpoint_seconds)};
    }
    report.checkpoint = checkpoint;
  }
  return report;
}

}  // namespace berth::control
