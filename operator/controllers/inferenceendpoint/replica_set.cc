#include "operator/controllers/inferenceendpoint/replica_set.h"

#include <algorithm>
#include <tuple>

#include "operator/controllers/inferenceendpoint/replica_job.h"

namespace berth::control {
namespace {

using Replicas = std::vector<const api::GpuJob*>;

constexpr Millis kSurgePatience = std::chrono::seconds(30);
constexpr Millis kSettled = std::chrono::seconds(10);       // serving so long, it is taken to work
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

// Failed ones keep their slot for a while, or they would be made again and again. Returns how many.
int64_t clear_failed(const ReplicaFacts& facts, const Replicas& failed, ReplicaPlan& plan) {
  int64_t kept = 0;
  for (const api::GpuJob* job : failed) {
    const Instant until = job->status.finished_at.value_or(facts.now) + kAfterFailure;
    const bool may_go = !holds(*job, "Failed") || facts.now >= until ||
                        !is_current(facts.endpoint, *job) || kept >= facts.desired;
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
    plan.create.push_back(next);
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

// How many replicas of before may go now. `kept`: failed ones in their place.
int64_t old_to_remove(const ReplicaFacts& facts, const ReplicaSet& set, int64_t kept,
                      ReplicaPlan& plan) {
  const int64_t spare = settled(facts, set.current, plan) + serving(set.old) - facts.desired;
  const int64_t idle = count_of(set.old) - serving(set.old);
  const int64_t free = idle + std::max<int64_t>(0, std::min(spare, serving(set.old)));
  if (free > 0 || set.leaving > 0 || kept > 0) return free;
  for (const api::GpuJob* job : set.current) {
    const bool lacks_a_place = !job->status.placement && job->status.failures == 0;
    if (!lacks_a_place) continue;  // one that fails takes nobody's place
    const Instant until = job->meta.creation.value_or(facts.now) + kSurgePatience;
    if (facts.now >= until) return 1;
    wake_at(plan, until);
  }
  return 0;
}

void roll(const ReplicaFacts& facts, ReplicaSet& set, int64_t kept, ReplicaPlan& plan) {
  by_worth(facts, set.old);
  const int64_t goes = std::min(old_to_remove(facts, set, kept, plan), count_of(set.old));
  plan.remove.insert(plan.remove.end(), set.old.begin(), set.old.begin() + goes);
  const int64_t surge = std::max<int64_t>(1, facts.desired / 4);
  const int64_t there = count_of(set.current) + kept + count_of(set.old) - goes;
  const int64_t wanted = facts.desired - count_of(set.current) - kept;
  create(facts, std::min(wanted, facts.desired + surge - there), plan);
}

void set_terms(const ReplicaFacts& facts, const ReplicaSet& set, ReplicaPlan& plan) {
  Replicas all = set.current;
  all.insert(all.end(), set.old.begin(), set.old.end());
  std::sort(all.begin(), all.end(), [&](const api::GpuJob* a, const api::GpuJob* b) {
    return slot(facts, *a) < slot(facts, *b);
  });
  for (size_t before = 0; before < all.size(); ++before) {
    const api::GpuJobSpec& spec = all[before]->spec;
    const bool is_right = spec.priority == facts.endpoint.spec.priority && spec.replica &&
                          spec.replica->preemptible == gives_way(facts.endpoint, before);
    if (!is_right && spec.replica) plan.set_terms.push_back(all[before]);
  }
}

}  // namespace

bool is_serving(const api::GpuJob& replica) {
  return replica.status.placement && holds(replica, "Ready") && !api::is_finished(replica);
}

bool gives_way(const api::InferenceEndpoint& endpoint, size_t before) {
  const auto& above = endpoint.spec.scaling.preemptible_above_replicas;
  return above && static_cast<int64_t>(before) >= *above;
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
  const int64_t kept = clear_failed(facts, set.failed, plan);
  set_terms(facts, set, plan);
  by_worth(facts, set.current);
  const int64_t surplus =
      std::clamp<int64_t>(count_of(set.current) + kept - facts.desired, 0, count_of(set.current));
  plan.remove.insert(plan.remove.end(), set.current.begin(), set.current.begin() + surplus);
  if (surplus > 0) set.current.erase(set.current.begin(), set.current.begin() + surplus);
  if (set.old.empty()) {
    create(facts, facts.desired - count_of(set.current) - kept, plan);
  } else {
    roll(facts, set, kept, plan);
  }
  return plan;
}

}  // namespace berth::control
