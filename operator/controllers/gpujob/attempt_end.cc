#include "operator/controllers/gpujob/attempt_end.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "operator/controllers/gpujob/conditions.h"
#include "operator/controllers/gpujob/job_cost.h"
#include "operator/controllers/gpujob/worker_report.h"
#include "operator/world/stamp.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

constexpr size_t kAttemptsKept = 10;
constexpr size_t kAttemptNodesKept = 64;
constexpr int64_t kBackoffMostSeconds = 3'600;

std::vector<api::NodeRef> nodes_of(const api::Placement& placement) {
  std::set<api::NodeRef> nodes;
  for (const api::PlacedWorker& worker : placement.workers) {
    nodes.insert({worker.cluster, worker.node});
  }
  std::vector<api::NodeRef> first(nodes.begin(), nodes.end());
  if (first.size() > kAttemptNodesKept) first.resize(kAttemptNodesKept);
  return first;
}

Millis backoff_after(const api::Retry& retry, int64_t failures) {
  int64_t seconds = retry.backoff_seconds;
  for (int64_t failure = 1; failure < failures && seconds < kBackoffMostSeconds; ++failure) {
    seconds *= 2;
  }
  return std::chrono::seconds(std::min(seconds, kBackoffMostSeconds));
}

// All pods of an ended attempt are gone or done: gives the devices back and says what comes next.
void release(const JobFacts& facts, api::GpuJobStatus& status) {
  const api::GpuJobSpec& spec = facts.job.spec;
  const EndCause cause = end_cause(status.attempts.back().cause).value_or(EndCause::Failed);
  const std::string why = message_of(status, "Ready");
  status.placement.reset();
  status.workers = api::WorkerCounts{0, 0};
  Stamp stamp{status.conditions, facts.job.meta.generation, facts.now};
  const auto give_up = [&](std::string_view reason, const std::string& message) {
    stamp.set("Failed", true, reason, message);
    stamp.set("Admitted", false, "Finished", "the devices are given back");
    status.finished_at = facts.now;
  };
  switch (cause) {
    case EndCause::Completed:
      stamp.set("Complete", true, "Completed", "all workers exited with 0");
      stamp.set("Ready", true, "Completed", "all workers exited with 0");
      stamp.set("Admitted", false, "Finished", "the devices are given back");
      status.finished_at = facts.now;
      return;
    case EndCause::NonRetriableExit: return give_up("NonRetriableExit", why);
    case EndCause::DeadlineExceeded: return give_up("DeadlineExceeded", why);
    case EndCause::CostExceeded: return give_up("CostExceeded", why);
    case EndCause::Suspended: return stamp.set("Admitted", false, "Suspended", "suspend is true");
    case EndCause::Resized: return stamp.set("Admitted", false, "Resizing", why);
    case EndCause::PlanFailed:
      return stamp.set("Admitted", false, "PlanFailed", "to be planned anew: " + why);
    case EndCause::Preempted:
      if (status.preemptions > spec.retry.max_preemptions) {
        return give_up("MaxPreemptions", count_text(status.preemptions, "preemption") + ": " + why);
      }
      return stamp.set("Admitted", false, "Requeued", "after preemption: " + why);
    case EndCause::Failed:
      if (status.failures > spec.retry.max_failures) {
        return give_up("MaxFailures", count_text(status.failures, "failure") + ": " + why);
      }
      status.next_attempt_at = facts.now + backoff_after(spec.retry, status.failures);
      return stamp.set("Admitted", false, "Requeued", "after failure: " + why);
  }
}

// What the first worker of the placed attempt said when it ended; empty while it runs.
std::string_view last_word(const JobFacts& facts) {
  const std::string first =
      translate::worker_name(facts.job.meta.name, {facts.job.status.placement->attempt, 0});
  for (const translate::Pod* pod : facts.pods) {
    if (pod->meta.name == first) return pod->termination_message;
  }
  return facts.last_word && facts.last_word->pod == first ? facts.last_word->message
                                                          : std::string_view{};
}

bool all_seen(const JobFacts& facts) {
  const auto workers = current_workers(facts);
  return std::find(workers.begin(), workers.end(), nullptr) == workers.end();
}

void say_preempted(Stamp stamp, const std::string& why, int64_t lost) {
  stamp.set("Preempted", true, "Preempted", why + ", lost " + count_text(lost, "device-second"));
}

}  // namespace

bool is_live(const translate::Pod* pod) { return !pod->is_terminal(); }

bool any_live(const JobFacts& facts) {
  return std::any_of(facts.pods.begin(), facts.pods.end(), is_live);
}

std::vector<const translate::Pod*> current_workers(const JobFacts& facts) {
  const api::Placement& placement = *facts.job.status.placement;
  std::vector<const translate::Pod*> workers(placement.workers.size(), nullptr);
  for (const translate::Pod* pod : facts.pods) {
    const auto worker = translate::parse_worker_name(facts.job.meta.name, pod->meta.name);
    if (!worker || worker->attempt != placement.attempt) continue;
    if (static_cast<size_t>(worker->index) < workers.size()) {
      workers[static_cast<size_t>(worker->index)] = pod;
    }
  }
  return workers;
}

void delete_live_pods(const JobFacts& facts, JobPlan& plan) {
  for (const translate::Pod* pod : facts.pods) {
    if (is_live(pod) && !pod->meta.deletion) plan.delete_pods.push_back(pod);
  }
}

void write_if_changed(const JobFacts& facts, api::GpuJobStatus status, JobPlan& plan) {
  status.observed_generation = facts.job.meta.generation;
  if (status != facts.job.status) plan.status = std::move(status);
}

JobPlan end_attempt(const JobFacts& facts, EndCause cause, const std::string& message) {
  JobPlan plan;
  api::GpuJobStatus status = facts.job.status;
  take_termination_message(last_word(facts), facts.now, status);
  const bool completed = cause == EndCause::Completed;
  if (completed && status.progress) status.progress->percent = 100;
  const int64_t lost = book_device_time(status, completed, facts.now);
  book_cost(status, facts.micro_usd_per_hour, lost, facts.now);
  status.attempts.push_back({.attempt = status.placement->attempt,
                             .nodes = nodes_of(*status.placement),
                             .cause = std::string(name_of(cause)),
                             .started_at = status.started_at,
                             .ended_at = facts.now,
                             .lost_device_seconds = lost});
  if (status.attempts.size() > kAttemptsKept) status.attempts.erase(status.attempts.begin());
  if (cause == EndCause::Failed || cause == EndCause::NonRetriableExit) ++status.failures;
  if (cause == EndCause::Preempted) ++status.preemptions;
  Stamp stamp{status.conditions, facts.job.meta.generation, facts.now};
  if (!completed) stamp.set("Ready", false, name_of(cause), message);
  if (cause == EndCause::Preempted) say_preempted(stamp, message, lost);
  if (!any_live(facts) && all_seen(facts)) release(facts, status);
  if (!completed) {  // success is no news: the conditions say it
    plan.notes.push_back(
        {.warning = cause != EndCause::Suspended && cause != EndCause::Resized,
         .reason = std::string(name_of(cause)),
         .action = "EndAttempt",
         .text = "attempt " + std::to_string(facts.job.status.attempt) + " ended: " + message});
  }
  write_if_changed(facts, std::move(status), plan);
  return plan;
}

JobPlan finish_release(const JobFacts& facts) {
  JobPlan plan;
  if (any_live(facts)) {
    delete_live_pods(facts, plan);
    return plan;
  }
  if (facts.pods_in_doubt) {
    plan.list_pods = true;
    return plan;
  }
  api::GpuJobStatus status = facts.job.status;
  // Workers that were asked to end write a checkpoint first.
  take_late_message(last_word(facts), facts.now, status);
  const api::Attempt& ended = status.attempts.back();
  if (ended.cause == name_of(EndCause::Preempted)) {
    say_preempted({status.conditions, facts.job.meta.generation, facts.now},
                  message_of(status, "Ready"), ended.lost_device_seconds);
  }
  release(facts, status);
  write_if_changed(facts, std::move(status), plan);
  return plan;
}

}  // namespace berth::control
