#include "cli/live/live_scene.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "translate/asks.h"
#include "translate/class_values.h"
#include "translate/outlook.h"
#include "translate/policies.h"
#include "translate/reservations.h"
#include "translate/runs.h"

namespace berth::cli {
namespace {

// As the operator learns them: from jobs that completed.
sched::Estimates learn(const std::vector<api::GpuJob>& jobs) {
  sched::Estimates known;
  for (const api::GpuJob& job : jobs) {
    const auto ran = translate::whole_run(job);
    if (!ran || job.spec.worker.devices.empty()) continue;
    known.learn(translate::run_key(job, job.spec.worker.devices.front().device_class), *ran);
  }
  return known;
}

// The UID of the one that the job names; empty when there is none of that name.
std::optional<std::string> used_reservation(const Live& live, const api::GpuJob& job) {
  if (job.spec.reservation.empty()) return std::nullopt;
  const auto at = std::find_if(
      live.reservations.begin(), live.reservations.end(), [&](const api::Reservation& one) {
        return one.meta.name == job.spec.reservation && one.meta.name_space == job.meta.name_space;
      });
  return at == live.reservations.end() ? std::string() : at->meta.uid;
}

sched::Running running_of(const std::string& uid, Held held, const sched::Scene& scene,
                          const Live& live, const sched::Estimates& known) {
  const ObjectMeta& meta = held.meta();
  sched::Running running{
      .holder = {.source = uid, .charges = {}, .run = {}},
      .name = (held.job != nullptr ? "gpujob/" : "pod/") + meta.name_space + "/" + meta.name,
      .since = meta.creation.value_or(scene.now),
      .may_be_suggested = held.job != nullptr,
      .traits = {meta.name_space, meta.labels}};
  if (held.job != nullptr) {
    const api::GpuJob& job = *held.job;
    running.since = job.status.admitted_at.value_or(running.since);
    const std::string name = translate::tier_name(job, live.tenancy);
    const auto tier = scene.tiers.find(name);
    running.holder.reservation = used_reservation(live, job).value_or(std::string());
    running.holder.run = translate::run_of(
        job, name, tier == scene.tiers.end() ? sched::no_tier() : tier->second, known, scene.now);
  }
  // A guess of nobody's experience is good enough for a plan, not for an answer.
  auto& run = running.holder.run;
  const bool is_told = held.job != nullptr &&
                       (held.job->spec.limits.max_runtime_seconds || held.job->status.progress);
  if (run && known.keys() == 0 && !is_told) run->ends = Instant::max();
  running.holder.charges = std::move(held.charges);
  return running;
}

// As the operator works it out.
sched::Outlook outlook_of(const Live& live, const sched::Scene& scene) {
  translate::Mix mix;
  for (const api::GpuJob& job : live.jobs) mix.add(job, live.pools);
  sched::World world(scene.settings);
  fill(world, scene);
  return translate::outlook_of(mix, world, live.pools);
}

}  // namespace

std::vector<sched::Ask> asked_again(const Live& live) {
  const sched::Estimates known = learn(live.jobs);
  std::vector<sched::Ask> asks;
  for (const api::GpuJob& job : live.jobs) {
    if (!job.status.placement || job.status.placement->workers.empty()) continue;
    if (is_ending(job.status) || job.meta.deletion) continue;
    sched::Ask ask = translate::ask_of(job, live.tenancy, live.pools, known, {});
    ask.reservation = used_reservation(live, job);
    ask.least_workers = 0;
    ask.only.emplace();
    const std::string device_class = job.status.placement->workers.front().device_class;
    std::erase_if(ask.alternatives, [&](const sched::Alternative& wants) {
      return wants.device_class != device_class;
    });
    std::vector<int64_t> counts;
    for (const api::PlacedWorker& worker : job.status.placement->workers) {
      counts.push_back(worker.count);
      ask.only->insert({worker.cluster, worker.node});
    }
    ask.rooms.resize(counts.size(), ask.rooms.empty() ? sched::Room{} : ask.rooms.front());
    for (sched::Alternative& wants : ask.alternatives) wants.counts = counts;
    ask.shape.clear();
    asks.push_back(std::move(ask));
  }
  return asks;
}

sched::Scene scene_of(const Live& live, Instant now) {
  const sched::Estimates known = learn(live.jobs);
  sched::Scene scene;
  scene.now = now;
  scene.is_expected_learnt = known.keys() > 0;
  scene.quotas = live.tenancy.quotas;
  for (const api::SlaTier& tier : live.tiers) {
    scene.tiers.emplace(tier.meta.name, translate::tier_of(tier));
  }
  for (const api::PlacementPolicy& policy : live.policies) {
    if (!policy.meta.deletion) scene.policies.push_back(translate::policy_of(policy));
  }
  for (const api::Quota& quota : live.quotas) {
    const api::Condition* spent = api::find_condition(quota.status.conditions, "BudgetSpent");
    const bool holds = quota.spec.budget && quota.spec.budget->on_spent == api::OnSpent::Hold;
    if (spent == nullptr || !spent->is_true() || !holds) continue;
    scene.spent.emplace(sched::QuotaId{quota.meta.name},
                        sched::SpentBudget{"quota " + quota.meta.name + " " + spent->message});
  }
  for (const translate::Node& node : live.nodes) {
    scene.nodes.push_back(translate::to_sched(node));
  }
  std::set<sched::DeviceClass> classes;
  for (const sched::Quota& quota : scene.quotas) {
    for (const auto& [device_class, limit] : quota.limits) classes.insert(device_class);
  }
  for (const sched::Node& node : scene.nodes) classes.insert(node.device_class);
  scene.fairness.values = translate::values_of(live.pools, classes);
  for (auto& [uid, held] : holdings_of(live)) {
    scene.running.push_back(running_of(uid, std::move(held), scene, live, known));
  }
  for (const api::GpuJob& job : live.jobs) {
    if (!is_waiting(job)) continue;
    sched::Ask ask = translate::ask_of(job, live.tenancy, live.pools, known, {});
    ask.reservation = used_reservation(live, job);
    if (ask.reservation) ask.shape = shape_of(ask);
    scene.waiting.push_back(std::move(ask));
  }
  for (const api::Reservation& one : live.reservations) {
    if (one.meta.deletion) continue;
    scene.reservations.push_back(translate::reservation_of(one, live.tenancy));
    scene.booked.emplace(one.meta.uid, translate::booked_in(one, live.tenancy));
  }
  scene.outlook = outlook_of(live, scene);
  return scene;
}

}  // namespace berth::cli
