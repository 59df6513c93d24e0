#include "translate/runs.h"

#include <algorithm>

#include "base/saturating.h"
#include "sched/share_class.h"
#include "sched/time/profile.h"

namespace berth::translate {
namespace {

using std::chrono::seconds;

constexpr int64_t kBasisPoints = 8'000;  // of the chance that it has ended by then
// What nobody has measured yet: seconds to write a checkpoint, to start containers and to load.
constexpr Millis kSave = seconds(10);
constexpr Millis kRestore = seconds(30);
constexpr Millis kRequeue = seconds(10);
constexpr Millis kNoGrace = seconds(30);       // Kubernetes' default
constexpr Millis kReplicaDrain = seconds(15);  // in which routers turn to others, and more
// A replica that gives way loses no work, so its endpoint's promise alone decides who goes first:
// before any job, and at the end of the budget after all of them (as
// sched::VictimSettings::breach).
constexpr Millis kTrim = seconds(1);
constexpr Millis kTrimFrozen = std::chrono::hours(24);
constexpr Millis kReplicaRun = std::chrono::hours(24 * 7);  // a replica has no end of its own

int64_t devices_of(const api::Placement& placement) {
  int64_t devices = 0;
  for (const api::PlacedWorker& worker : placement.workers) {
    devices = add_saturating(devices, worker.count);
  }
  return devices;
}

int64_t first_ask_devices(const api::GpuJob& job) {
  if (job.spec.worker.devices.empty()) return 0;
  return multiply_saturating(job.spec.workers.max, job.spec.worker.devices.front().count);
}

// Percent of the first class's speed.
int64_t speed_on(const api::GpuJob& job, const sched::DeviceClass& device_class) {
  for (const api::DeviceAsk& wants : job.spec.worker.devices) {
    if (wants.device_class == sched::whole_class(device_class))
      return wants.speed_percent.value_or(100);
  }
  return 100;
}

// Running time counts from when all workers are ready.
Millis startup_of(const api::GpuJob& job) {
  if (job.status.started_at) return Millis{0};
  return seconds(job.spec.start_timeout_seconds);
}

// The workers' own forecast, where they make one; else what was learned.
Instant expected_end(const api::GpuJob& job, const sched::DeviceClass& device_class, Millis ran,
                     const sched::Estimates& known, Instant now) {
  const auto& progress = job.status.progress;
  if (progress && progress->eta_seconds && progress->last_heartbeat) {
    const Instant told = sched::later(*progress->last_heartbeat, seconds(*progress->eta_seconds));
    if (told > now) return told;
  }
  return sched::later(now, expected_left(job, device_class, ran, known));
}

Millis trim_cost(const api::Replica& replica) {
  if (replica.headroom_percent == 0) return kTrimFrozen;
  return kTrim * (100 - replica.headroom_percent) / 100;
}

sched::RunningJob cost_facts(const api::GpuJob& job, Instant started) {
  const api::GpuJobStatus& status = job.status;
  sched::RunningJob facts{.id = {job.meta.uid},
                          .devices = devices_of(*status.placement),
                          .started = started,
                          .last_checkpoint = {},
                          // A replica has nothing that would be lost.
                          .saves_on_notice = job.spec.checkpoint || job.spec.replica,
                          .save = job.spec.checkpoint ? std::min(kSave, grace_of(job)) : Millis{0},
                          .restore = kRestore,
                          .requeue = kRequeue,
                          .preemptions_left = job.spec.retry.max_preemptions - status.preemptions};
  if (job.spec.replica) {
    facts.restore = Millis{0};
    facts.requeue = trim_cost(*job.spec.replica);
  }
  if (!status.checkpoint) return facts;
  if (status.checkpoint->at && *status.checkpoint->at > started) {
    facts.last_checkpoint = status.checkpoint->at;
  }
  if (status.checkpoint->last_restore_seconds) {
    facts.restore = seconds(*status.checkpoint->last_restore_seconds);
  }
  return facts;
}

}  // namespace

Millis grace_of(const api::GpuJob& job) {
  if (job.spec.replica) {
    const Millis request{job.spec.replica->request_timeout_milliseconds};
    return std::max(kNoGrace, request + kReplicaDrain);
  }
  return job.spec.checkpoint ? Millis(seconds(job.spec.checkpoint->grace_seconds)) : kNoGrace;
}

sched::Tier tier_of(const api::SlaTier& tier) {
  sched::Tier made{.order = tier.spec.order,
                   .device_time_percent = tier.spec.device_time_percent,
                   .window = seconds(tier.spec.window_seconds),
                   .max_queue = {},
                   .preemptible = tier.spec.preemptible,
                   .min_runtime = seconds(tier.spec.min_runtime_seconds)};
  if (tier.spec.max_queue_seconds) made.max_queue = seconds(*tier.spec.max_queue_seconds);
  return made;
}

std::string tier_name(const api::GpuJob& job, const Tenancy& tenancy) {
  return job.spec.tier.empty() ? tenancy.default_tier(job.meta.name_space) : job.spec.tier;
}

sched::RunKey run_key(const api::GpuJob& job, const sched::DeviceClass& device_class) {
  return {.owner = job.meta.name_space,
          .template_name = job.spec.worker.image,
          .device_class = device_class,
          .devices = first_ask_devices(job)};
}

Millis ran_before(const api::GpuJob& job) {
  const int64_t devices = std::max<int64_t>(1, first_ask_devices(job));
  const int64_t productive = job.status.device_seconds ? job.status.device_seconds->productive : 0;
  return seconds(productive / devices);
}

std::optional<Millis> whole_run(const api::GpuJob& job) {
  const api::Condition* complete = api::find_condition(job.status.conditions, "Complete");
  if (complete == nullptr || !complete->is_true()) return std::nullopt;
  return ran_before(job);
}

Millis expected_left(const api::GpuJob& job, const sched::DeviceClass& device_class, Millis ran,
                     const sched::Estimates& known) {
  if (job.spec.replica) return kReplicaRun;
  std::optional<Millis> most;
  if (job.spec.limits.max_runtime_seconds) most = seconds(*job.spec.limits.max_runtime_seconds);
  // While nothing was learned, what was declared is the better guess.
  if (most && known.keys() == 0) return std::max(Millis{1}, *most - ran);
  const auto& devices = job.spec.worker.devices;
  const sched::DeviceClass& first = devices.empty() ? device_class : devices.front().device_class;
  const Millis left = known.remaining(run_key(job, first), ran, kBasisPoints, most);
  return Millis{multiply_saturating(left.count(), 100) / speed_on(job, device_class)};
}

sched::Run run_of(const api::GpuJob& job, const std::string& tier_name, const sched::Tier& tier,
                  const sched::Estimates& known, Instant now) {
  const api::GpuJobStatus& status = job.status;
  const Instant started = status.started_at.value_or(status.admitted_at.value_or(now));
  sched::Run run{.job = cost_facts(job, started),
                 .tier = tier_name,
                 .priority = job.spec.priority,
                 .ran_before = ran_before(job)};
  if (is_ending(status)) {
    const Instant asked = status.attempts.back().ended_at.value_or(now);
    run.ends_surely = sched::later(asked, grace_of(job));
    run.ends = std::max(now, run.ends_surely);
    return run;
  }
  run.grace = grace_of(job);
  if (job.spec.replica) run.preemptible = job.spec.replica->preemptible;
  run.job.preemptible = run.preemptible.value_or(tier.preemptible);
  run.job.min_runtime = tier.min_runtime;
  if (job.spec.checkpoint && job.spec.workers.min < job.spec.workers.max) {
    run.least_workers = static_cast<size_t>(job.spec.workers.min);
  }
  const sched::DeviceClass& device_class = status.placement->workers.front().device_class;
  const Millis ran = run.ran_before + std::max(Millis{0}, now - started);
  run.ends = expected_end(job, device_class, ran, known, now);
  if (job.spec.limits.max_runtime_seconds) {
    const Millis left =
        std::max(Millis{0}, seconds(*job.spec.limits.max_runtime_seconds) - run.ran_before);
    run.ends = std::min(run.ends, std::max(now, sched::later(started, left)));
    run.ends_surely = sched::later(started, left + run.grace + startup_of(job));
  }
  return run;
}

}  // namespace berth::translate
