#include "operator/controllers/gpujob/gpujob_plan.h"

#include <algorithm>
#include <set>

#include "operator/controllers/gpujob/attempt.h"
#include "operator/controllers/gpujob/conditions.h"
#include "operator/controllers/gpujob/worker_report.h"
#include "operator/world/stamp.h"
#include "runtime/ownership.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

constexpr size_t kAttemptsKept = 10;
constexpr size_t kAttemptNodesKept = 64;
constexpr int64_t kBackoffMostSeconds = 3'600;
// Over all jobs that wait, so that a long queue does not keep the API server from those that run.
constexpr Millis kHoldWriteEvery{50};
constexpr Millis kHoldRefreshEvery{100};
constexpr Millis kHoldDebounceMost{60'000};
constexpr Millis kSchedulerAway{60'000};  // how soon to look again while none is alive

bool is_live(const translate::Pod* pod) { return !pod->is_terminal(); }

bool any_live(const JobFacts& facts) {
  return std::any_of(facts.pods.begin(), facts.pods.end(), is_live);
}

// Asks for the end of every worker that has not ended and was not asked yet.
void delete_live_pods(const JobFacts& facts, JobPlan& plan) {
  for (const translate::Pod* pod : facts.pods) {
    if (is_live(pod) && !pod->meta.deletion) plan.delete_pods.push_back(pod);
  }
}

// The end of the placed attempt is written down, its pods may still be there.
bool is_ending(const api::GpuJobStatus& status) {
  return status.placement && !status.attempts.empty() &&
         status.attempts.back().attempt == status.placement->attempt;
}

void write_if_changed(const JobFacts& facts, api::GpuJobStatus status, JobPlan& plan) {
  status.observed_generation = facts.job.meta.generation;
  if (status != facts.job.status) plan.status = std::move(status);
}

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
    case EndCause::Suspended: return stamp.set("Admitted", false, "Suspended", "suspend is true");
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

// Writes down that the placed attempt is over and why, before any pod is touched.
JobPlan end_attempt(const JobFacts& facts, EndCause cause, const std::string& message) {
  JobPlan plan;
  api::GpuJobStatus status = facts.job.status;
  for (const translate::Pod* pod : facts.pods) {
    const auto worker = translate::parse_worker_name(facts.job.meta.name, pod->meta.name);
    if (worker && worker->index == 0 && worker->attempt == status.placement->attempt) {
      take_termination_message(pod->termination_message, facts.now, status);
    }
  }
  const bool completed = cause == EndCause::Completed;
  if (completed && status.progress) status.progress->percent = 100;
  const int64_t lost = book_device_time(status, completed, facts.now);
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
  if (cause == EndCause::Preempted) {
    stamp.set("Preempted", true, "Preempted",
              message + ", lost " + count_text(lost, "device-second"));
  }
  if (!any_live(facts)) release(facts, status);
  if (!completed) {  // success is no news: the conditions say it
    plan.notes.push_back(
        {.warning = cause != EndCause::Suspended,
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
  api::GpuJobStatus status = facts.job.status;
  release(facts, status);
  write_if_changed(facts, std::move(status), plan);
  return plan;
}

// The pods of the placed attempt by index, nullptr where there is none.
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

void show_progress(const JobFacts& facts, const Verdict& verdict, api::GpuJobStatus& status) {
  const auto desired = static_cast<int64_t>(status.placement->workers.size());
  Stamp stamp{status.conditions, facts.job.meta.generation, facts.now};
  if (verdict.ready == desired) {
    if (!status.started_at) status.started_at = facts.now;
    status.workers = api::WorkerCounts{desired, verdict.ready};
    stamp.set("Ready", true, "AllWorkersReady", count_text(desired, "worker") + " ready");
  } else if (status.started_at) {
    status.workers = api::WorkerCounts{desired, verdict.ready};
    stamp.set("Ready", false, "WorkerNotReady",
              std::to_string(verdict.ready) + " of " + count_text(desired, "worker") + " ready");
  }
  if (facts.progress) status.progress = facts.progress;
  if (facts.checkpoint) status.checkpoint = facts.checkpoint;
}

// Of the attempts before: what still runs (a create that was under way when the leader changed),
// and what has ended, but for the last one's, whose logs stay.
void delete_old_pods(const JobFacts& facts, JobPlan& plan) {
  const int64_t attempt = facts.job.status.placement->attempt;
  for (const translate::Pod* pod : facts.pods) {
    const auto worker = translate::parse_worker_name(facts.job.meta.name, pod->meta.name);
    if (worker && worker->attempt == attempt) continue;
    const bool has_logs = worker && worker->attempt + 1 == attempt && !is_live(pod);
    if (!has_logs && !pod->meta.deletion) plan.delete_pods.push_back(pod);
  }
}

JobPlan run(const JobFacts& facts) {
  const api::GpuJob& job = facts.job;
  const Instant admitted = job.status.admitted_at.value_or(facts.now);
  const AttemptFacts attempt{.job = job,
                             .workers = current_workers(facts),
                             .missing_nodes = facts.missing_nodes,
                             .start_counts_from = std::max(admitted, facts.start_counts_from),
                             .now = facts.now};
  Verdict verdict = judge(attempt);
  if (!verdict.end && job.spec.suspend) {
    verdict.end = EndCause::Suspended;
    verdict.message = "suspend is true";
  }
  if (verdict.end) {
    JobPlan plan = end_attempt(facts, *verdict.end, verdict.message);
    plan.avoid_nodes = std::move(verdict.bad_nodes);
    return plan;
  }
  JobPlan plan;
  api::GpuJobStatus status = job.status;
  show_progress(facts, verdict, status);
  write_if_changed(facts, std::move(status), plan);
  if (plan.status) return plan;
  delete_old_pods(facts, plan);
  for (size_t index = 0; index < attempt.workers.size(); ++index) {
    if (attempt.workers[index] == nullptr) {
      plan.create_workers.push_back(static_cast<int64_t>(index));
    }
  }
  if (!job.status.started_at) {
    const Instant counts_from = std::min(attempt.start_counts_from, facts.now + kSchedulerAway);
    plan.again_at = counts_from + std::chrono::seconds(job.spec.start_timeout_seconds);
  } else if (job.spec.limits.max_runtime_seconds) {
    const int64_t left = *job.spec.limits.max_runtime_seconds - seconds_run(job, facts.now);
    plan.again_at = facts.now + std::chrono::seconds(std::max<int64_t>(1, left));
  }
  return plan;
}

JobPlan admit(const JobFacts& facts) {
  JobPlan plan;
  if (!runtime::has_finalizer(facts.job.meta, kFinalizer)) {
    plan.add_finalizer = true;
    return plan;
  }
  api::GpuJobStatus status = facts.job.status;
  status.placement = facts.granted;
  status.attempt = facts.granted->attempt;
  status.admitted_at = facts.now;
  status.started_at.reset();
  status.next_attempt_at.reset();
  status.workers = api::WorkerCounts{static_cast<int64_t>(facts.granted->workers.size()), 0};
  Stamp stamp{status.conditions, facts.job.meta.generation, facts.now};
  const std::string text = text_of(*facts.granted);
  stamp.set("Admitted", true, "Admitted", text);
  stamp.set("Ready", false, "Starting", "workers are starting");
  stamp.clear_if_set("Suspended", "NotSuspended", "suspend is false");
  stamp.clear_if_set("Preempted", "Readmitted", "runs again");
  plan.notes.push_back({false, "Admitted", "Admit", text});
  write_if_changed(facts, std::move(status), plan);
  return plan;
}

void say_why(const JobFacts& facts, std::string_view reason, const std::string& message,
             JobPlan& plan) {
  api::GpuJobStatus status = facts.job.status;
  Stamp stamp{status.conditions, facts.job.meta.generation, facts.now};
  stamp.set("Admitted", false, reason, message);
  if (api::find_condition(status.conditions, "Ready") == nullptr) {
    stamp.set("Ready", false, "NotAdmitted", "waits for admission");
  }
  if (reason == "Suspended") {
    stamp.set("Suspended", true, "Suspended", message);
  } else {
    stamp.clear_if_set("Suspended", "NotSuspended", "suspend is false");
  }
  write_if_changed(facts, std::move(status), plan);
}

// A hold is written when its reason is new, but numbers that change only now and then.
JobPlan hold(const JobFacts& facts) {
  JobPlan plan;
  const HoldFacts& held = *facts.hold;
  const Millis debounce = std::max(facts.settings.hold_debounce,
                                   std::min(kHoldDebounceMost, held.waiting * kHoldWriteEvery));
  if (held.age < debounce) {
    plan.again_at = facts.now + (debounce - held.age);
    return plan;
  }
  const std::string reason(sched::name_of(held.hold.reason));
  const api::Condition* shown = api::find_condition(facts.job.status.conditions, "Admitted");
  const bool same_reason = shown != nullptr && shown->reason == reason;
  const Millis refresh = std::max(facts.settings.hold_refresh, held.waiting * kHoldRefreshEvery);
  if (same_reason && shown->message == held.hold.message) {
    plan.again_at = facts.now + refresh;  // the numbers may be others then
    return plan;
  }
  if (same_reason && held.since_written < refresh) {
    plan.again_at = facts.now + (refresh - held.since_written);
    return plan;
  }
  say_why(facts, reason, held.hold.message, plan);
  if (!same_reason) plan.notes.push_back({false, reason, "Hold", held.hold.message});
  return plan;
}

JobPlan wait(const JobFacts& facts) {
  JobPlan plan;
  delete_live_pods(facts, plan);  // a leftover would hold devices that nobody is charged for
  if (!plan.delete_pods.empty()) return plan;
  if (facts.job.spec.suspend) {
    say_why(facts, "Suspended", "suspend is true", plan);
    return plan;
  }
  if (!facts.violations.empty()) {
    const Violation& first = facts.violations.front();
    say_why(facts, "InvalidSpec", first.path + ": " + first.message, plan);
    return plan;
  }
  // Not beside the rest of an earlier attempt that is still ending.
  if (facts.granted) return any_live(facts) ? plan : admit(facts);
  const auto& not_before = facts.job.status.next_attempt_at;
  if (not_before && facts.now < *not_before) {
    plan.again_at = *not_before;
    return plan;
  }
  if (facts.hold) return hold(facts);
  return plan;
}

JobPlan clean_up(const JobFacts& facts) {
  JobPlan plan;
  delete_live_pods(facts, plan);
  const auto& ttl = facts.job.spec.limits.ttl_seconds_after_finished;
  if (!ttl || !facts.job.status.finished_at || any_live(facts)) return plan;
  const Instant end = *facts.job.status.finished_at + std::chrono::seconds(*ttl);
  if (facts.now >= end) {
    plan.delete_job = true;
  } else {
    plan.again_at = end;
  }
  return plan;
}

JobPlan let_go(const JobFacts& facts) {
  JobPlan plan;
  delete_live_pods(facts, plan);
  plan.remove_finalizer = !any_live(facts) && runtime::has_finalizer(facts.job.meta, kFinalizer);
  return plan;
}

// The gang's names follow from what is stored, like its pods.
JobPlan with_rendezvous(const JobFacts& facts, JobPlan plan) {
  if (plan.status) return plan;
  const api::GpuJobStatus& status = facts.job.status;
  const bool runs = status.placement && !is_ending(status) && !facts.job.meta.deletion;
  plan.rendezvous = plan_rendezvous(
      facts.job, runs ? current_workers(facts) : std::vector<const translate::Pod*>{}, facts.slices,
      facts.has_service);
  return plan;
}

JobPlan decide_state(const JobFacts& facts) {
  if (facts.job.meta.deletion) return let_go(facts);
  if (is_finished(facts.job)) return clean_up(facts);
  if (!facts.job.status.placement) return wait(facts);
  if (is_ending(facts.job.status)) return finish_release(facts);
  return run(facts);
}

}  // namespace

bool is_finished(const api::GpuJob& job) {
  return is_true(job.status, "Complete") || is_true(job.status, "Failed");
}

bool is_waiting(const api::GpuJob& job) {
  return !job.meta.deletion && !job.spec.suspend && !job.status.placement && !is_finished(job);
}

JobPlan decide(const JobFacts& facts) { return with_rendezvous(facts, decide_state(facts)); }

}  // namespace berth::control
