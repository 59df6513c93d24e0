#include "cli/live/live_scene.h"

#include <utility>

#include "translate/asks.h"
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

sched::Running running_of(const std::string& uid, Held held, const sched::Scene& scene,
                          const Live& live, const sched::Estimates& known) {
  const ObjectMeta& meta = held.meta();
  sched::Running running{
      .holder = {.source = uid, .charges = {}, .run = {}},
      .name = (held.job != nullptr ? "gpujob/" : "pod/") + meta.name_space + "/" + meta.name,
      .since = meta.creation.value_or(scene.now),
      .may_be_suggested = held.job != nullptr};
  if (held.job != nullptr) {
    const api::GpuJob& job = *held.job;
    running.since = job.status.admitted_at.value_or(running.since);
    const std::string name = translate::tier_name(job, live.tenancy);
    const auto tier = scene.tiers.find(name);
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

}  // namespace

sched::Scene scene_of(const Live& live, Instant now) {
  const sched::Estimates known = learn(live.jobs);
  sched::Scene scene;
  scene.now = now;
  scene.is_expected_learnt = known.keys() > 0;
  scene.quotas = live.tenancy.quotas;
  for (const api::SlaTier& tier : live.tiers) {
    scene.tiers.emplace(tier.meta.name, translate::tier_of(tier));
  }
  for (const translate::Node& node : live.nodes) {
    scene.nodes.push_back(translate::to_sched(node));
  }
  for (auto& [uid, held] : holdings_of(live)) {
    scene.running.push_back(running_of(uid, std::move(held), scene, live, known));
  }
  for (const api::GpuJob& job : live.jobs) {
    if (is_waiting(job)) scene.waiting.push_back(translate::ask_of(job, live.tenancy, known, {}));
  }
  return scene;
}

}  // namespace berth::cli
