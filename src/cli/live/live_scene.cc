#include "cli/live/live_scene.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sched/time/profile.h"
#include "translate/asks.h"

namespace berth::cli {
namespace {

using std::chrono::seconds;

Millis ran_before(const api::GpuJob& job) {
  Millis ran{0};
  for (const api::Attempt& attempt : job.status.attempts) {
    if (!attempt.started_at || !attempt.ended_at) continue;
    ran += std::max(Millis{0}, *attempt.ended_at - *attempt.started_at);
  }
  return ran;
}

sched::Running running_of(const std::string& uid, Held held, Instant now) {
  const ObjectMeta& meta = held.meta();
  sched::Running running{
      .holder = {.source = uid, .charges = {}, .run = {}},
      .name = (held.job != nullptr ? "gpujob/" : "pod/") + meta.name_space + "/" + meta.name,
      .since = meta.creation.value_or(now),
      .may_be_suggested = held.job != nullptr};
  if (held.job != nullptr) {
    const api::GpuJob& job = *held.job;
    running.since = job.status.admitted_at.value_or(running.since);
    sched::Run run{.job = {.id = {uid}, .devices = held.devices(), .started = running.since},
                   .tier = job.spec.tier,
                   .priority = job.spec.priority,
                   .ran_before = ran_before(job)};
    run.ends = expected_end(job, now);
    running.holder.run = std::move(run);
  }
  running.holder.charges = std::move(held.charges);
  return running;
}

}  // namespace

Instant expected_end(const api::GpuJob& job, Instant now) {
  Instant end = Instant::max();
  const auto& progress = job.status.progress;
  if (progress && progress->eta_seconds) {
    const Instant heard = progress->last_heartbeat.value_or(now);
    end = std::max(now, sched::later(heard, seconds(*progress->eta_seconds)));
  }
  if (job.spec.limits.max_runtime_seconds) {
    const Millis left = seconds(*job.spec.limits.max_runtime_seconds) - ran_before(job);
    const Instant from = job.status.started_at.value_or(now);
    end = std::min(end, std::max(now, sched::later(from, left)));
  }
  return end;
}

sched::Scene scene_of(const Live& live, Instant now) {
  sched::Scene scene;
  scene.now = now;
  scene.quotas = live.tenancy.quotas;
  for (const translate::Node& node : live.nodes) {
    if (!node.device_class.empty()) scene.nodes.push_back(translate::to_sched(node));
  }
  for (auto& [uid, held] : holdings_of(live)) {
    scene.running.push_back(running_of(uid, std::move(held), now));
  }
  for (const api::GpuJob& job : live.jobs) {
    if (!is_waiting(job)) continue;
    sched::Ask ask = translate::ask_of(job, live.tenancy, {});
    if (job.spec.limits.max_runtime_seconds) {
      ask.ran = ran_before(job);
      ask.max_runtime = seconds(*job.spec.limits.max_runtime_seconds);
      ask.expected = std::max(Millis{0}, *ask.max_runtime - ask.ran);
      ask.shape = sched::shape_of(ask);
    }
    scene.waiting.push_back(std::move(ask));
  }
  return scene;
}

}  // namespace berth::cli
