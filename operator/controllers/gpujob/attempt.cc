#include "operator/controllers/gpujob/attempt.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/saturating.h"
#include "operator/controllers/gpujob/worker_report.h"

namespace berth::control {
namespace {

constexpr int32_t kCheckpointedOnRequest = 42;
constexpr int32_t kConfigError = 64;

constexpr std::array<std::pair<EndCause, std::string_view>, 9> kNames{{
    {EndCause::Completed, "Completed"},
    {EndCause::Failed, "Failed"},
    {EndCause::NonRetriableExit, "NonRetriableExit"},
    {EndCause::Preempted, "Preempted"},
    {EndCause::PlanFailed, "PlanFailed"},
    {EndCause::DeadlineExceeded, "DeadlineExceeded"},
    {EndCause::CostExceeded, "CostExceeded"},
    {EndCause::Suspended, "Suspended"},
    {EndCause::Resized, "Resized"},
}};

struct WorkerEnd {
  EndCause cause;
  std::string message;
};

std::string because(const translate::Pod& pod) {
  std::string why = pod.reason;
  if (!pod.detail.empty()) why += (why.empty() ? "" : ": ") + pod.detail;
  return why.empty() ? "" : " (" + why + ")";
}

// How a pod that Kubernetes calls Failed ended.
WorkerEnd end_of_failed(const translate::Pod& pod) {
  const std::string on = pod.meta.name + " on " + pod.node;
  // Also when it was deleted: nobody of Berth does that before the end of its attempt is stored.
  const bool taken = pod.disrupted || pod.meta.deletion.has_value();
  if (taken || pod.reason == "NodeLost" || pod.reason == "Shutdown") {
    return {EndCause::Preempted, on + " was taken away" + because(pod)};
  }
  if (!pod.started && !pod.exit_code) {
    return {EndCause::PlanFailed, on + " was rejected before it started" + because(pod)};
  }
  const int32_t code = pod.exit_code.value_or(1);
  std::string exited = on + " exited with " + std::to_string(code);
  if (const std::string error = error_of(pod.termination_message); !error.empty()) {
    exited += ", " + error;
  }
  if (code == kConfigError) return {EndCause::NonRetriableExit, exited + because(pod)};
  if (code == kCheckpointedOnRequest) return {EndCause::Preempted, exited + ": checkpointed"};
  return {EndCause::Failed, exited + because(pod)};
}

std::optional<WorkerEnd> end_of(const translate::Pod& pod) {
  if (pod.phase == translate::PodPhase::Failed) return end_of_failed(pod);
  if (pod.phase == translate::PodPhase::Succeeded) return std::nullopt;
  if (pod.meta.deletion) return WorkerEnd{EndCause::Preempted, pod.meta.name + " was deleted"};
  if (pod.disrupted) {
    return WorkerEnd{EndCause::Preempted, pod.meta.name + " is being taken away" + because(pod)};
  }
  return std::nullopt;
}

int severity(EndCause cause) {
  switch (cause) {
    case EndCause::NonRetriableExit: return 5;
    case EndCause::Preempted: return 4;
    case EndCause::PlanFailed: return 3;
    case EndCause::Failed: return 2;
    case EndCause::DeadlineExceeded:
    case EndCause::CostExceeded:
    case EndCause::Suspended:
    case EndCause::Resized:
    case EndCause::Completed: return 1;
  }
  __builtin_unreachable();
}

// Or done: kubelet shows the exit of a container some time before the end of its pod.
bool is_ready(const translate::Pod* pod) {
  return pod != nullptr &&
         (pod->ready || pod->exit_code == 0 || pod->phase == translate::PodPhase::Succeeded);
}

// Somebody other than Berth's extender has bound it, or it was planned there before the API server
// lost what came after: its node is charged for nothing, and that of the plan for it.
std::optional<WorkerEnd> end_of_misplaced(const translate::Pod& pod, const std::string& planned) {
  if (pod.node.empty() || pod.node == planned || pod.is_terminal()) return std::nullopt;
  return WorkerEnd{EndCause::PlanFailed,
                   pod.meta.name + " is on " + pod.node + " and was planned on " + planned};
}

void take_worst(const AttemptFacts& facts, Verdict& verdict) {
  const auto& placed = facts.job.status.placement->workers;
  for (size_t index = 0; index < facts.workers.size(); ++index) {
    const translate::Pod* pod = facts.workers[index];
    if (pod == nullptr) continue;
    auto end = end_of(*pod);
    if (!end) end = end_of_misplaced(*pod, placed[index].node);
    if (!end) continue;
    const bool is_where_planned = pod->where() == placed[index].node;
    if (end->cause == EndCause::PlanFailed && is_where_planned) {
      verdict.bad_nodes.push_back(pod->where());
    }
    if (verdict.end && severity(*verdict.end) >= severity(end->cause)) continue;
    verdict.end = end->cause;
    verdict.message = std::move(end->message);
  }
}

// Before the gang has run: is the plan still one that can come true?
void check_start(const AttemptFacts& facts, Verdict& verdict) {
  if (!facts.missing_nodes.empty()) {
    verdict.end = EndCause::PlanFailed;
    verdict.message = "node " + facts.missing_nodes.front() + " is gone";
    return;
  }
  const Millis limit = std::chrono::seconds(facts.job.spec.start_timeout_seconds);
  if (facts.now < facts.start_counts_from + limit) return;
  verdict.end = EndCause::PlanFailed;
  verdict.message = "not all workers were ready within " +
                    std::to_string(facts.job.spec.start_timeout_seconds) + " s";
  const auto& placed = facts.job.status.placement->workers;
  for (size_t index = 0; index < facts.workers.size(); ++index) {
    const translate::Pod* pod = facts.workers[index];
    if (is_ready(pod)) continue;
    verdict.bad_nodes.push_back(placed[index].node);
    if (pod != nullptr && !pod->detail.empty()) {
      verdict.message += ", " + pod->meta.name + ": " + pod->detail;
      break;
    }
  }
}

}  // namespace

std::string_view name_of(EndCause cause) {
  return std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.first == cause; })
      ->second;
}

std::optional<EndCause> end_cause(std::string_view name) {
  const auto at =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.second == name; });
  if (at == kNames.end()) return std::nullopt;
  return at->first;
}

Verdict judge(const AttemptFacts& facts) {
  Verdict verdict;
  verdict.ready = std::count_if(facts.workers.begin(), facts.workers.end(), is_ready);
  take_worst(facts, verdict);
  if (verdict.end) return verdict;
  const bool all_done =
      std::all_of(facts.workers.begin(), facts.workers.end(), [](const translate::Pod* pod) {
        return pod != nullptr && pod->phase == translate::PodPhase::Succeeded;
      });
  if (all_done) {
    verdict.end = EndCause::Completed;
    return verdict;
  }
  const auto gone = std::find(facts.workers.begin(), facts.workers.end(), nullptr);
  if (facts.job.status.started_at && gone != facts.workers.end()) {
    verdict.end = EndCause::Preempted;
    verdict.message = "worker " + std::to_string(gone - facts.workers.begin()) + " is gone";
  } else if (!facts.job.status.started_at &&
             verdict.ready < static_cast<int64_t>(facts.workers.size())) {
    check_start(facts, verdict);
  }
  if (verdict.end) return verdict;
  const auto& most = facts.job.spec.limits.max_runtime_seconds;
  if (most && seconds_run(facts.job, facts.now) >= *most) {
    verdict.end = EndCause::DeadlineExceeded;
    verdict.message = "ran for " + std::to_string(*most) + " s, which is maxRuntimeSeconds";
  }
  return verdict;
}

int64_t seconds_run(const api::GpuJob& job, Instant now) {
  const api::GpuJobStatus& status = job.status;
  const auto seconds = [](Millis span) {
    return std::chrono::duration_cast<std::chrono::seconds>(span).count();
  };
  int64_t listed = 0;
  for (const api::Attempt& attempt : status.attempts) {
    if (attempt.started_at && attempt.ended_at) {
      listed += seconds(*attempt.ended_at - *attempt.started_at);
    }
  }
  // Device-seconds cover attempts that the list of the last ten has forgotten; on which of the
  // job's alternatives they ran is not known, so it is at least this.
  int64_t most = 1;
  for (const api::DeviceAsk& ask : job.spec.worker.devices) most = std::max(most, ask.count);
  most = multiply_saturating(most, std::max<int64_t>(1, job.spec.workers.max));
  const api::DeviceSeconds spent = status.device_seconds.value_or(api::DeviceSeconds{});
  const int64_t sum = std::max(listed, add_saturating(spent.productive, spent.lost) / most);
  const bool ended = !status.attempts.empty() && status.placement &&
                     status.attempts.back().attempt == status.placement->attempt;
  const bool runs = status.placement && status.started_at && !ended;
  return runs ? add_saturating(sum, seconds(now - *status.started_at)) : sum;
}

}  // namespace berth::control
