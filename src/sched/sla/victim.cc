#include "sched/sla/victim.h"

#include <algorithm>
#include <set>

#include "base/saturating.h"

namespace berth::sched {
namespace {

int64_t device_time(int64_t devices, Millis time) {
  return multiply_saturating(std::max<int64_t>(0, devices), std::max<int64_t>(0, time.count()));
}

Millis restart_time(const RunningJob& job) {
  return Millis{
      add_saturating(add_saturating(job.save.count(), job.restore.count()), job.requeue.count())};
}

// Zero where a clock was stepped back behind the save.
Millis unsaved(const RunningJob& job, Instant now) {
  if (job.saves_on_notice) return Millis{0};
  return std::max(Millis{0}, now - job.last_checkpoint.value_or(job.started));
}

}  // namespace

std::string_view name(Unpreemptible why) {
  switch (why) {
    case Unpreemptible::NotPreemptible: return "NotPreemptible";
    case Unpreemptible::TooYoung: return "TooYoung";
    case Unpreemptible::PreemptedTooOften: return "PreemptedTooOften";
  }
  __builtin_unreachable();
}

int64_t VictimCost::total() const { return add_saturating(add_saturating(work, restart), breach); }

std::optional<Unpreemptible> unpreemptible(const RunningJob& job, Instant now) {
  if (!job.preemptible) return Unpreemptible::NotPreemptible;
  if (now - job.started < job.min_runtime) return Unpreemptible::TooYoung;
  if (job.preemptions_left <= 0) return Unpreemptible::PreemptedTooOften;
  return std::nullopt;
}

VictimCost preemption_cost(const RunningJob& job, Instant now, const VictimSettings& settings) {
  VictimCost cost{.work = device_time(job.devices, unsaved(job, now)),
                  .restart = device_time(job.devices, restart_time(job))};
  if (job.slack < restart_time(job)) cost.breach = device_time(job.devices, settings.breach);
  return cost;
}

int64_t total_cost(std::span<const RunningJob* const> victims, Instant now,
                   const VictimSettings& settings) {
  std::set<WorkloadId> counted;
  int64_t sum = 0;
  for (const RunningJob* job : victims) {
    if (!counted.insert(job->id).second) continue;
    sum = add_saturating(sum, preemption_cost(*job, now, settings).total());
  }
  return sum;
}

VictimCost shrink_cost(const RunningJob& job, int64_t devices_kept, Instant now,
                       const VictimSettings& settings) {
  const Millis restart{add_saturating(job.save.count(), job.restore.count())};
  VictimCost cost{.work = device_time(job.devices, unsaved(job, now)),
                  .restart = device_time(devices_kept, restart)};
  if (job.slack < restart) cost.breach = device_time(job.devices, settings.breach);
  return cost;
}

bool is_cheaper_after_checkpoint(const RunningJob& job, Instant now, Instant next_checkpoint,
                                 int64_t devices_wanted) {
  if (next_checkpoint <= now) return false;
  return device_time(devices_wanted, next_checkpoint - now) <
         device_time(job.devices, unsaved(job, now));
}

}  // namespace berth::sched
