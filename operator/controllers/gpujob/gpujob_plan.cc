#include "operator/controllers/gpujob/gpujob_plan.h"

#include <algorithm>

#include "base/text.h"
#include "operator/controllers/gpujob/attempt.h"
#include "operator/controllers/gpujob/attempt_end.h"
#include "operator/controllers/gpujob/conditions.h"
#include "operator/controllers/gpujob/job_cost.h"
#include "operator/world/stamp.h"
#include "runtime/ownership.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

// Over all jobs that wait, so that a long queue does not keep the API server from those that run.
constexpr Millis kHoldWriteEvery{50};
constexpr Millis kHoldRefreshEvery{100};
constexpr Millis kHoldDebounceMost{60'000};
constexpr Millis kStartPatience{
    10'000};                        // with workers that start, before it is said what keeps them
constexpr size_t kDetailMax = 300;  // bytes
constexpr Millis kSchedulerAway{60'000};  // how soon to look again while none is alive

// What keeps the gang from running, as the first of its pods that has something to say puts it.
std::string starting_text(const AttemptFacts& attempt, int64_t ready) {
  for (const translate::Pod* pod : attempt.workers) {
    if (pod == nullptr || pod->ready || pod->detail.empty()) continue;
    return std::to_string(ready) + " of " +
           count_text(static_cast<int64_t>(attempt.workers.size()), "worker") + " ready, " +
           pod->meta.name + ": " + std::string(cut_utf8(pod->detail, kDetailMax));
  }
  return "workers are starting";
}

void show_progress(const JobFacts& facts, const AttemptFacts& attempt, const Verdict& verdict,
                   api::GpuJobStatus& status) {
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
  } else if (facts.now >= attempt.start_counts_from + kStartPatience) {
    stamp.set("Ready", false, "Starting", starting_text(attempt, verdict.ready));
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
  const auto spent = spent_at(job, facts.micro_usd_per_hour, facts.now);
  if (!verdict.end && spent && *spent <= facts.now) {
    verdict.end = EndCause::CostExceeded;
    verdict.message = "cost " + std::to_string(*job.spec.limits.max_micro_usd) +
                      " micro-USD, which is maxMicroUsd";
  }
  if (!verdict.end && facts.has_to_stop) {
    verdict.end = facts.has_to_stop->cause;
    verdict.message = facts.has_to_stop->message;
  }
  if (verdict.end) {
    JobPlan plan = end_attempt(facts, *verdict.end, verdict.message);
    plan.avoid_nodes = std::move(verdict.bad_nodes);
    return plan;
  }
  JobPlan plan;
  api::GpuJobStatus status = job.status;
  // A larger gang is proved: this one ends once that is stored.
  status.nominated.reset();
  if (facts.nominated) status.nominated = facts.nominated->placement;
  show_progress(facts, attempt, verdict, status);
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
    const Instant patient_until = attempt.start_counts_from + kStartPatience;
    if (facts.now < patient_until) plan.again_at = std::min(*plan.again_at, patient_until);
  } else if (job.spec.limits.max_runtime_seconds) {
    const int64_t left = *job.spec.limits.max_runtime_seconds - seconds_run(job, facts.now);
    plan.again_at = facts.now + std::chrono::seconds(std::max<int64_t>(1, left));
  }
  if (spent) plan.again_at = std::min(plan.again_at.value_or(*spent), *spent);
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
  status.nominated.reset();
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
  if (facts.job.spec.limits.max_micro_usd && !facts.micro_usd_per_hour) {
    plan.notes.push_back({true, "Unpriced", "Admit",
                          "no CapacityPool gives a price to " +
                              facts.granted->workers.front().device_class +
                              ": limits.maxMicroUsd bounds nothing"});
  }
  write_if_changed(facts, std::move(status), plan);
  return plan;
}

void say_why(const JobFacts& facts, std::string_view reason, const std::string& message,
             JobPlan& plan) {
  api::GpuJobStatus status = facts.job.status;
  Stamp stamp{status.conditions, facts.job.meta.generation, facts.now};
  stamp.set("Admitted", false, reason, message);
  status.nominated.reset();
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
  const bool is_said = same_reason && !facts.job.status.nominated;
  if (is_said && shown->message == held.hold.message) {
    plan.again_at = facts.now + refresh;  // the numbers may be others then
    return plan;
  }
  if (is_said && held.since_written < refresh) {
    plan.again_at = facts.now + (refresh - held.since_written);
    return plan;
  }
  say_why(facts, reason, held.hold.message, plan);
  if (!same_reason) plan.notes.push_back({false, reason, "Hold", held.hold.message});
  return plan;
}

// Its victims are asked to go once this is stored.
JobPlan nominate(const JobFacts& facts) {
  JobPlan plan;
  api::GpuJobStatus status = facts.job.status;
  if (status.nominated == facts.nominated->placement) return plan;
  status.nominated = facts.nominated->placement;
  Stamp stamp{status.conditions, facts.job.meta.generation, facts.now};
  stamp.set("Admitted", false, "Preempting", facts.nominated->message);
  if (api::find_condition(status.conditions, "Ready") == nullptr) {
    stamp.set("Ready", false, "NotAdmitted", "waits for admission");
  }
  stamp.clear_if_set("Suspended", "NotSuspended", "suspend is false");
  plan.notes.push_back({false, "Preempting", "Nominate",
                        text_of(*status.nominated) + ", " + facts.nominated->message});
  write_if_changed(facts, std::move(status), plan);
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
  if (facts.waits_for_job) {
    say_why(facts, "Dependency", *facts.waits_for_job, plan);
    return plan;
  }
  // Not beside the rest of an earlier attempt that is still ending.
  if (facts.granted) return any_live(facts) ? plan : admit(facts);
  const auto& not_before = facts.job.status.next_attempt_at;
  if (not_before && facts.now < *not_before) {
    plan.again_at = *not_before;
    return plan;
  }
  if (facts.nominated) return nominate(facts);
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
  const bool is_last = !any_live(facts) && runtime::has_finalizer(facts.job.meta, kFinalizer);
  plan.list_pods = is_last && facts.pods_in_doubt;
  plan.remove_finalizer = is_last && !facts.pods_in_doubt;
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

JobPlan decide(const JobFacts& facts) { return with_rendezvous(facts, decide_state(facts)); }

}  // namespace berth::control
