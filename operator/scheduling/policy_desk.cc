#include "operator/scheduling/policy_desk.h"

#include <algorithm>
#include <utility>

#include "operator/scheduling/foreign_desk.h"
#include "translate/asks.h"
#include "translate/policies.h"
#include "translate/runs.h"

namespace berth::control {
namespace {

bool matches_any(const sched::WorkMatch& match, const api::GpuJob& job,
                 const translate::Tenancy& tenancy, const translate::Pools& pools) {
  const std::string tier = tier_name(job, tenancy);
  const auto serves = [&](const api::DeviceAsk& wants) {
    const auto classes = translate::classes_of(wants, pools);
    return std::any_of(classes.begin(), classes.end(), [&](const sched::DeviceClass& one) {
      return matches(match, {.name_space = job.meta.name_space,
                             .tier = tier,
                             .labels = job.meta.labels,
                             .device_class = one,
                             .devices = wants.count * job.spec.workers.max});
    });
  };
  const auto& devices = job.spec.worker.devices;
  return std::any_of(devices.begin(), devices.end(), serves);
}

}  // namespace

PolicyDesk::PolicyDesk(Stores& stores, const Books& books, decisionlog::RecordedWorld& world,
                       std::function<void()> mark_dirty)
    : stores_(stores), books_(books), world_(world), mark_dirty_(std::move(mark_dirty)) {
  stores.policies.subscribe([this](const auto* a, const auto* b) { on_policy(a, b); });
  stores.jobs.subscribe([this](const auto* a, const auto* b) { on_job(a, b); });
  stores.pods.subscribe([this](const auto* a, const auto* b) { on_pod(a, b); });
  stores.nodes.subscribe([this](const auto* a, const auto* b) { on_node(a, b); });
}

void PolicyDesk::on_policy(const api::PlacementPolicy* before, const api::PlacementPolicy* after) {
  if (before != nullptr && after != nullptr && before->spec == after->spec) return;
  std::vector<sched::PlacementPolicy> policies;
  for (const api::PlacementPolicy& policy : stores_.policies.all()) {
    if (!policy.meta.deletion) policies.push_back(translate::policy_of(policy));
  }
  world_.set_policies(std::move(policies));
  conflicts_.reset();
  for (auto& [name, seen] : seen_) seen.overruled.clear();
  const std::string& name = after != nullptr ? after->meta.name : before->meta.name;
  seen_.erase(name);
  if (after != nullptr) {
    const bool is_of_this = after->status.observed_generation == after->meta.generation;
    seen_[name].would_change = is_of_this ? after->status.would_change : 0;
  }
  touched_ = {.all = true, .is_urgent = true};
  mark_dirty_();
}

void PolicyDesk::on_job(const api::GpuJob* before, const api::GpuJob* after) {
  const bool is_new = before == nullptr || after == nullptr ||
                      before->meta.labels != after->meta.labels ||
                      is_finished(*before) != is_finished(*after);
  if (!is_new) return;
  const std::string& uid = after != nullptr ? after->meta.uid : before->meta.uid;
  std::optional<sched::Traits> traits;
  if (after != nullptr && !is_finished(*after)) {
    traits = sched::Traits{after->meta.name_space, after->meta.labels};
  }
  world_.set_traits(uid, std::move(traits));
  if (stores_.policies.all().empty()) return;
  touched_.all = true;
  // Others may want to be near it, or away from it.
  if (before != nullptr && after != nullptr) mark_dirty_();
}

void PolicyDesk::on_pod(const translate::Pod* before, const translate::Pod* after) {
  const translate::Pod& pod = after != nullptr ? *after : *before;
  if (!is_foreign(pod)) return;
  if (after == nullptr || after->is_terminal()) return world_.set_traits(pod.meta.uid, {});
  if (before != nullptr && before->meta.labels == after->meta.labels) return;
  world_.set_traits(pod.meta.uid, sched::Traits{pod.meta.name_space, pod.meta.labels});
}

void PolicyDesk::on_node(const translate::Node* before, const translate::Node* after) {
  const bool is_same = before != nullptr && after != nullptr &&
                       before->meta.labels == after->meta.labels &&
                       before->device_class == after->device_class;
  if (is_same || stores_.policies.all().empty()) return;
  conflicts_.reset();
  touched_.all = true;
}

sched::PassNotes* PolicyDesk::notes() {
  notes_ = {};
  return stores_.policies.all().empty() ? nullptr : &notes_;
}

void PolicyDesk::read_notes() {
  for (const sched::Divergence& divergence : notes_.divergences) {
    PolicySeen& seen = seen_[divergence.policy];
    ++seen.would_change;
    seen.example = divergence.work + " " + divergence.text;
    touched_.all = true;
  }
  for (const auto& [pair, work] : notes_.overruled) {
    const bool is_new = seen_[pair.first].overruled.try_emplace(pair.second, work).second;
    touched_.all = touched_.all || is_new;
  }
  notes_ = {};
}

const PolicySeen& PolicyDesk::seen(const std::string& policy) const {
  static const PolicySeen kNothing;
  const auto at = seen_.find(policy);
  return at == seen_.end() ? kNothing : at->second;
}

void PolicyDesk::told(const std::string& policy) {
  const auto at = seen_.find(policy);
  if (at != seen_.end()) at->second.told = at->second.would_change;
}

const std::vector<sched::PolicyConflict>& PolicyDesk::conflicts() {
  if (!conflicts_) {
    sched::PolicyBook& book = world_.policies();
    conflicts_ = sched::conflicts(book.policies(), book.ground());
  }
  return *conflicts_;
}

const sched::PlacementPolicy* PolicyDesk::find(const std::string& name) const {
  const auto& policies = world_.policies().policies();
  const auto at = std::find_if(policies.begin(), policies.end(),
                               [&](const auto& policy) { return policy.name == name; });
  return at == policies.end() ? nullptr : &*at;
}

PolicyDesk::Reach PolicyDesk::reach(const std::string& policy) {
  const sched::PlacementPolicy* found = find(policy);
  if (found == nullptr) return {};
  Reach reach{.nodes = nodes_that_meet(*found, world_.policies().ground())};
  for (const api::GpuJob& job : stores_.jobs.all()) {
    if (is_finished(job)) continue;
    if (matches_any(found->match, job, books_.tenancy(), stores_.pooling)) ++reach.matched;
  }
  return reach;
}

PolicyDesk::Touched PolicyDesk::take_touched() { return std::exchange(touched_, {}); }

}  // namespace berth::control
