#include "operator/controllers/inferenceendpoint/replica_set.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "operator/controllers/inferenceendpoint/replica_job.h"

namespace berth::control {
namespace {

using Replicas = std::vector<const api::GpuJob*>;

constexpr Millis kSurgePatience = std::chrono::seconds(30);
constexpr Millis kSettled = std::chrono::seconds(10);  // serving so long, it is taken to work
constexpr Millis kSilence = std::chrono::seconds(15);  // once ready and not any more: not a blip
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr Millis kAfterFailure = std::chrono::seconds(60);  // beyond the job's own backoff

bool holds(const api::GpuJob& job, std::string_view type) {
  const api::Condition* condition = api::find_condition(job.status.conditions, type);
  return condition != nullptr && condition->is_true();
}

int64_t slot(const ReplicaFacts& facts, const api::GpuJob& job) {
  return slot_of(facts.endpoint.meta.name, job.meta.name).value_or(-1);
}

int64_t count_of(const Replicas& replicas) { return static_cast<int64_t>(replicas.size()); }

int64_t serving(const Replicas& replicas) {
  return std::count_if(replicas.begin(), replicas.end(),
                       [](const api::GpuJob* job) { return is_serving(*job); });
}

// How many more than wanted there may be while some take the place of others.
int64_t surge(const ReplicaFacts& facts) { return std::max<int64_t>(1, facts.desired / 4); }

void wake_at(ReplicaPlan& plan, Instant at) {
  plan.again_at = std::min(plan.again_at.value_or(at), at);
}

// Those that cost least to lose first: without a place, then not serving yet, then the newest slot.
void by_worth(const ReplicaFacts& facts, Replicas& replicas) {
  std::sort(replicas.begin(), replicas.end(), [&](const api::GpuJob* a, const api::GpuJob* b) {
    const auto worth = [&](const api::GpuJob& job) {
      return std::tuple(job.status.placement.has_value(), is_serving(job), -slot(facts, job));
    };
    return worth(*a) < worth(*b);
  });
}

// Failed ones keep their slot for a while, or they would be made again and again; but none that
// others need. Returns how many.
int64_t clear_failed(const ReplicaFacts& facts, const ReplicaSet& set, ReplicaPlan& plan) {
  const int64_t most = facts.desired - count_of(set.current);
  int64_t kept = 0;
  for (const api::GpuJob* job : set.failed) {
    const Instant until = job->status.finished_at.value_or(facts.now) + kAfterFailure;
    const bool gave_up = holds(*job, "Failed") || ended_early(*job);
    const bool may_go =
        !gave_up || facts.now >= until || !is_current(facts.endpoint, *job) || kept >= most;
    if (may_go) {
      plan.remove.push_back(job);
      continue;
    }
    ++kept;
    wake_at(plan, until);
  }
  return kept;
}

void create(const ReplicaFacts& facts, int64_t count, ReplicaPlan& plan) {
  std::set<int64_t> taken = facts.taken;
  for (const api::GpuJob* job : facts.replicas) taken.insert(slot(facts, *job));
  for (int64_t next = 0; count > 0; ++next) {
    if (taken.contains(next)) continue;
    plan.create.push_back({.slot = next});
    --count;
  }
}

// Those that have served for a while: one may start well and fail with the first request.
int64_t settled(const ReplicaFacts& facts, const Replicas& replicas, ReplicaPlan& plan) {
  int64_t count = 0;
  for (const api::GpuJob* job : replicas) {
    if (!is_serving(*job)) continue;
    const Instant at =
        api::find_condition(job->status.conditions, "Ready")->last_transition_time + kSettled;
    if (facts.now >= at) {
      ++count;
    } else {
      wake_at(plan, at);
    }
  }
  return count;
}

// Since when its place has been of no use: where an attempt ends that was never ready, what is not
// ready since long ago has only now been given up.
Instant useless_since(const api::GpuJobStatus& status, const api::Condition& ready) {
  const bool never_ran = api::is_ending(status) && !status.attempts.back().started_at;
  return never_ran ? status.attempts.back().ended_at.value_or(ready.last_transition_time)
                   : ready.last_transition_time;
}

// It keeps its place and answers nobody, and does not start: its node is gone, or it hangs.
bool is_silent(const ReplicaFacts& facts, const api::GpuJob& job, ReplicaPlan& plan) {
  const api::Condition* ready = api::find_condition(job.status.conditions, "Ready");
  if (!job.status.placement || ready == nullptr || ready->is_true()) return false;
  if (ready->reason == "Starting" || ready->reason == "NotAdmitted") return false;
  const Instant at = useless_since(job.status, *ready) + kSilence;
  if (facts.now >= at) return true;
  wake_at(plan, at);
  return false;
}

// Since when it has waited for a place. One that fails takes nobody's, nor does one that may not
// start.
std::optional<Instant> waits_since(const ReplicaFacts& facts, const api::GpuJob& job) {
  const api::GpuJobStatus& status = job.status;
  if (status.placement || status.failures > 0 || job.spec.suspend) return std::nullopt;
  const api::Condition* suspended = api::find_condition(status.conditions, "Suspended");
  if (suspended != nullptr && suspended->is_true()) return std::nullopt;
  const auto& attempts = status.attempts;
  const auto left = attempts.empty() ? job.meta.creation : attempts.back().ended_at;
  const Instant since = left.value_or(facts.now);
  return suspended == nullptr ? since : std::max(since, suspended->last_transition_time);
}

// One of them has waited for a place for as long as it is worth to wait for one, and none of them
// has found one meanwhile.
bool find_no_place(const ReplicaFacts& facts, const Replicas& replicas, ReplicaPlan& plan) {
  Instant found = Instant::min();
  for (const api::GpuJob* job : replicas) {
    if (job->status.placement) found = std::max(found, job->status.admitted_at.value_or(found));
  }
  return std::any_of(replicas.begin(), replicas.end(), [&](const api::GpuJob* job) {
    const auto since = waits_since(facts, *job);
    if (!since) return false;
    const Instant until = std::max(found, *since) + kSurgePatience;
    if (facts.now >= until) return true;
    wake_at(plan, until);
    return false;
  });
}

// How many to start beyond those that are wanted, for silent ones: these go when enough others
// serve, or where their place is all that there is.
int64_t substitutes(const ReplicaFacts& facts, Replicas& current, ReplicaPlan& plan) {
  Replicas silent;
  for (const api::GpuJob* job : current) {
    if (is_silent(facts, *job, plan)) silent.push_back(job);
  }
  if (silent.empty() || serving(current) >= facts.desired) return 0;
  if (find_no_place(facts, current, plan)) {
    plan.remove.push_back(silent.front());
    std::erase(current, silent.front());
    return count_of(silent) - 1;
  }
  return std::min(count_of(silent), surge(facts));
}

// How many replicas of before may go now. `kept`: failed ones in their place.
int64_t old_to_remove(const ReplicaFacts& facts, const ReplicaSet& set, int64_t kept,
                      ReplicaPlan& plan) {
  const int64_t spare = settled(facts, set.current, plan) + serving(set.old) - facts.desired;
  const int64_t idle = count_of(set.old) - serving(set.old);
  const int64_t free = idle + std::max<int64_t>(0, std::min(spare, serving(set.old)));
  if (free > 0 || set.leaving > 0 || kept > 0) return free;
  const auto placed = std::count_if(set.current.begin(), set.current.end(), [](const auto* job) {
    return job->status.placement.has_value();
  });
  // One has given its place already, and it did not help.
  if (count_of(set.old) + placed < facts.desired) return 0;
  return find_no_place(facts, set.current, plan) ? 1 : 0;
}

void roll(const ReplicaFacts& facts, ReplicaSet& set, int64_t kept, ReplicaPlan& plan) {
  by_worth(facts, set.old);
  const int64_t goes = std::min(old_to_remove(facts, set, kept, plan), count_of(set.old));
  plan.remove.insert(plan.remove.end(), set.old.begin(), set.old.begin() + goes);
  const int64_t there = count_of(set.current) + kept + count_of(set.old) - goes;
  const int64_t wanted = facts.desired - count_of(set.current) - kept;
  create(facts, std::min(wanted, facts.desired + surge(facts) - there), plan);
}

ReplicaTerms terms_of(const api::Replica& replica) {
  return {replica.preemptible, replica.headroom_percent};
}

// Of all that there will be, by slot, those above the protected ones give way.
void set_terms(const ReplicaFacts& facts, const Replicas& kept, ReplicaPlan& plan) {
  std::map<int64_t, const api::GpuJob*> by_slot;
  for (const api::GpuJob* job : kept) by_slot[slot(facts, *job)] = job;
  for (const NewReplica& made : plan.create) by_slot[made.slot] = nullptr;
  const auto& scaling = facts.endpoint.spec.scaling;
  int64_t before = 0;
  for (const auto& [at, job] : by_slot) {
    ReplicaTerms terms{.preemptible =
                           before++ >= scaling.preemptible_above_replicas.value_or(kMost)};
    if (terms.preemptible) terms.headroom_percent = facts.headroom_percent;
    if (job == nullptr) {
      const auto made = std::find_if(plan.create.begin(), plan.create.end(),
                                     [at = at](const NewReplica& one) { return one.slot == at; });
      made->terms = terms;
      continue;
    }
    const bool is_right = job->spec.priority == facts.endpoint.spec.priority && job->spec.replica &&
                          terms_of(*job->spec.replica) == terms;
    if (!is_right) plan.set_terms.push_back({job, terms});
  }
}

}  // namespace

bool is_serving(const api::GpuJob& replica) {
  return replica.status.placement && holds(replica, "Ready") && !api::is_finished(replica);
}

bool ended_early(const api::GpuJob& replica) {
  if (!holds(replica, "Complete") || replica.status.attempts.empty()) return false;
  const api::Attempt& last = replica.status.attempts.back();
  return !last.started_at || !last.ended_at || *last.ended_at - *last.started_at < kAfterFailure;
}

ReplicaSet sort_replicas(const api::InferenceEndpoint& endpoint, const Replicas& replicas) {
  ReplicaSet set;
  for (const api::GpuJob* job : replicas) {
    if (job->meta.deletion) {
      ++set.leaving;
    } else if (api::is_finished(*job)) {
      set.failed.push_back(job);
    } else if (is_current(endpoint, *job)) {
      set.current.push_back(job);
    } else {
      set.old.push_back(job);
    }
  }
  return set;
}

ReplicaPlan plan_replicas(const ReplicaFacts& facts) {
  ReplicaPlan plan;
  ReplicaSet set = sort_replicas(facts.endpoint, facts.replicas);
  const int64_t kept = clear_failed(facts, set, plan);
  by_worth(facts, set.current);
  const int64_t wanted = facts.desired + substitutes(facts, set.current, plan);
  const int64_t surplus =
      std::clamp<int64_t>(count_of(set.current) + kept - wanted, 0, count_of(set.current));
  plan.remove.insert(plan.remove.end(), set.current.begin(), set.current.begin() + surplus);
  if (surplus > 0) set.current.erase(set.current.begin(), set.current.begin() + surplus);
  if (set.old.empty()) {
    create(facts, wanted - count_of(set.current) - kept, plan);
  } else {
    roll(facts, set, kept, plan);
  }
  Replicas stay = set.current;
  for (const api::GpuJob* job : set.old) {
    const bool goes = std::find(plan.remove.begin(), plan.remove.end(), job) != plan.remove.end();
    if (!goes) stay.push_back(job);
  }
  set_terms(facts, stay, plan);
  return plan;
}

}  // namespace berth::control
