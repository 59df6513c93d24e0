#include "sched/core/growth.h"

#include <map>

namespace berth::sched {
namespace {

// Nothing for one that must not be stopped now, or of which too little is known.
std::optional<ElasticJob> elastic_job(const Ask& ask, const World::Held& held, Instant now) {
  if (!held.facts.run || held.facts.leaving || held.facts.charges.empty()) return std::nullopt;
  const Run& run = *held.facts.run;
  if (!run.job.saves_on_notice || ask.alternatives.empty()) return std::nullopt;
  return ElasticJob{.id = ask.id,
                    .max = static_cast<int64_t>(ask.rooms.size()),
                    .workers = static_cast<int64_t>(ask.runs_with),
                    .devices_per_worker = held.facts.charges.front().devices,
                    .remaining = run.ends == Instant::max() ? Millis::max() : run.ends - now,
                    .resize_cost = run.job.save + run.job.requeue + run.job.restore,
                    .last_resized = run.job.started};
}

}  // namespace

std::vector<WorkerChange> growth(World& world, const std::vector<const Ask*>& growing,
                                 const std::set<DeviceClass>& waited_for, Instant now) {
  std::map<DeviceClass, std::vector<ElasticJob>> jobs;
  for (const Ask* ask : growing) {
    const auto held = world.holders().find(ask->id.uid);
    if (held == world.holders().end()) continue;
    const auto job = elastic_job(*ask, held->second, now);
    if (!job) continue;
    const DeviceClass& device_class = held->second.facts.charges.front().device_class;
    if (!waited_for.contains(device_class)) jobs[device_class].push_back(*job);
  }
  std::vector<WorkerChange> changes;
  for (const auto& [device_class, of_class] : jobs) {
    const int64_t idle = world.fleet().free_of(device_class) / kWholeDevice;
    for (const WorkerChange& change : grow(of_class, idle, now, world.settings().resize))
      changes.push_back(change);
  }
  return changes;
}

std::vector<size_t> fewer_workers(const Ask& ask, const Alternative& wants, const Stock& stock) {
  std::vector<size_t> tries;
  const int64_t free = stock.free / std::max<int64_t>(1, wants.counts.front());
  const auto least = static_cast<int64_t>(ask.least_workers);
  int64_t workers = std::min(static_cast<int64_t>(wants.counts.size()) - 1, free);
  if (workers < least) return tries;
  for (int64_t step = 1; workers > least; step *= 2) {
    tries.push_back(static_cast<size_t>(workers));
    workers -= step;
  }
  tries.push_back(ask.least_workers);
  return tries;
}

}  // namespace berth::sched
