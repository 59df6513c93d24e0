#include "translate/asks.h"

#include "translate/charges.h"
#include "translate/runs.h"

namespace berth::translate {

sched::Ask ask_of(const api::GpuJob& job, const Tenancy& tenancy, const sched::Estimates& known,
                  std::set<sched::NodeId> avoid) {
  const auto workers = static_cast<size_t>(job.spec.workers.max);
  sched::Ask ask{.id = {job.meta.uid},
                 .name = job.meta.name_space + "/" + job.meta.name,
                 .quota = {},
                 .priority = job.spec.priority,
                 .created = job.meta.creation.value_or(Instant{}),
                 .alternatives = {},
                 .rooms = std::vector<sched::Room>(workers, room_of(job.spec.worker.resources)),
                 .only = {},
                 .avoid = std::move(avoid),
                 .tier = tier_name(job, tenancy),
                 .promised = job.status.attempt > 0,
                 .ran = ran_before(job),
                 .shape = {},
                 .name_space = job.meta.name_space,
                 .labels = job.meta.labels,
                 .locations = {job.spec.locations.begin(), job.spec.locations.end()}};
  if (const sched::QuotaId* quota = tenancy.find(job.meta.name_space)) ask.quota = *quota;
  for (const api::DeviceAsk& wants : job.spec.worker.devices) {
    const int64_t count = wants.is_cpu() ? 0 : wants.count;
    ask.alternatives.push_back({wants.device_class, std::vector<int64_t>(workers, count),
                                wants.speed_percent.value_or(0)});
  }
  if (const auto& topology = job.spec.topology) {
    ask.near = sched::Nearness{{topology->level}, topology->mode == api::TopologyMode::Required};
  }
  if (!ask.alternatives.empty()) {
    ask.expected = expected_left(job, ask.alternatives.front().device_class, ask.ran, known);
  }
  if (const auto& most = job.spec.limits.max_runtime_seconds) {
    ask.max_runtime = std::chrono::seconds(*most);
  }
  if (job.spec.workers.min < job.spec.workers.max) {
    ask.least_workers = static_cast<size_t>(job.spec.workers.min);
  }
  ask.startup = std::chrono::seconds(job.spec.start_timeout_seconds);
  ask.grace = grace_of(job);
  ask.preemptions_left = job.spec.retry.max_preemptions - job.status.preemptions;
  ask.shape = sched::shape_of(ask);
  return ask;
}

std::optional<sched::Ask> growth_ask_of(const api::GpuJob& job, const Tenancy& tenancy,
                                        const sched::Estimates& known) {
  const api::GpuJobStatus& status = job.status;
  const bool runs = status.placement && status.started_at && !is_ending(status) &&
                    !job.meta.deletion && !job.spec.suspend;
  if (!runs || !job.spec.checkpoint) return std::nullopt;
  if (!job.spec.reservation.empty()) return std::nullopt;  // beside it there is nothing for it
  const auto workers = static_cast<int64_t>(status.placement->workers.size());
  if (workers >= job.spec.workers.max) return std::nullopt;
  sched::Ask ask = ask_of(job, tenancy, known, {});
  ask.runs_with = static_cast<size_t>(workers);
  return ask;
}

api::Placement placement_of(const sched::Admit& admit, int64_t attempt) {
  api::Placement placement{.attempt = attempt, .workers = {}};
  placement.workers.reserve(admit.nodes.size());
  for (size_t worker = 0; worker < admit.nodes.size(); ++worker) {
    placement.workers.push_back({.cluster = admit.nodes[worker].cluster,
                                 .node = admit.nodes[worker].name,
                                 .device_class = admit.device_class,
                                 .count = admit.counts[worker]});
  }
  return placement;
}

}  // namespace berth::translate
