#include "translate/asks.h"

#include <algorithm>

#include "kube/quantity.h"
#include "sched/share_class.h"
#include "translate/charges.h"
#include "translate/runs.h"

namespace berth::translate {
namespace {

// What of the classes the job's Quota lists; all of them where it lists none, for the pass to say.
std::vector<sched::DeviceClass> listed(std::vector<sched::DeviceClass> classes,
                                       const api::GpuJob& job, const Tenancy& tenancy) {
  const sched::QuotaId* id = tenancy.find(job.meta.name_space);
  const auto quota =
      std::find_if(tenancy.quotas.begin(), tenancy.quotas.end(),
                   [&](const sched::Quota& one) { return id != nullptr && one.id == *id; });
  if (quota == tenancy.quotas.end()) return classes;
  std::vector<sched::DeviceClass> found;
  for (const sched::DeviceClass& one : classes) {
    if (quota->limits.contains(one)) found.push_back(one);
  }
  return found.empty() ? classes : found;
}

std::string size_text(const std::string& memory, int64_t percent) {
  return memory + " and " + std::to_string(percent) + "%";
}

// Why no share serves.
std::string no_share(const api::DeviceAsk& wants, const Pools& pools) {
  const std::string text = "wants shares of " + wants.device_class + " with " +
                           size_text(wants.share->memory, wants.share->compute_percent) + ", ";
  const std::vector<Share> shares = pools.shares_of(wants.device_class);
  if (shares.empty()) return text + "no CapacityPool of that class names shares";
  const Share& largest = shares.back();
  return text + "the largest that a CapacityPool names is " +
         std::string(sched::share_name(largest.resource)) + " with " +
         size_text(kube::format_bytes(largest.memory_bytes), largest.compute_percent);
}

void add_alternatives(const api::GpuJob& job, const Tenancy& tenancy, const Pools& pools,
                      sched::Ask& ask) {
  std::string unserved;
  for (const api::DeviceAsk& wants : job.spec.worker.devices) {
    auto classes = classes_of(wants, pools);
    if (classes.empty() && unserved.empty()) unserved = no_share(wants, pools);
    if (wants.share) classes = listed(std::move(classes), job, tenancy);
    for (sched::DeviceClass& device_class : classes) {
      ask.alternatives.push_back(
          {std::move(device_class),
           std::vector<int64_t>(ask.rooms.size(), wants.is_cpu() ? 0 : wants.count),
           wants.speed_percent.value_or(0)});
    }
  }
  if (ask.alternatives.empty()) ask.unserved = std::move(unserved);
}

}  // namespace

std::vector<sched::DeviceClass> classes_of(const api::DeviceAsk& wants, const Pools& pools) {
  if (!wants.share) return {wants.device_class};
  const auto bytes = kube::parse_quantity(wants.share->memory);
  std::vector<sched::DeviceClass> classes;
  for (const Share& share : pools.shares_of(wants.device_class)) {
    if (bytes && share.has(*bytes, wants.share->compute_percent)) {
      classes.push_back(share.device_class);
    }
  }
  return classes;
}

sched::Ask ask_of(const api::GpuJob& job, const Tenancy& tenancy, const Pools& pools,
                  const sched::Estimates& known, std::set<sched::NodeId> avoid) {
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
  add_alternatives(job, tenancy, pools, ask);
  if (const auto& topology = job.spec.topology) {
    ask.near = sched::Nearness{{topology->level}, topology->mode == api::TopologyMode::Required};
  }
  if (const auto& devices = job.spec.worker.devices; !devices.empty()) {
    ask.expected = expected_left(job, devices.front().device_class, ask.ran, known);
  }
  if (const auto& most = job.spec.limits.max_runtime_seconds) {
    ask.max_runtime = std::chrono::seconds(*most);
  }
  if (job.spec.workers.min < job.spec.workers.max) {
    ask.least_workers = static_cast<size_t>(job.spec.workers.min);
  }
  ask.startup = std::chrono::seconds(job.spec.start_timeout_seconds);
  ask.grace = grace_of(job);
  if (job.spec.replica) ask.preemptible = job.spec.replica->preemptible;
  ask.preemptions_left = job.spec.retry.max_preemptions - job.status.preemptions;
  ask.shape = sched::shape_of(ask);
  return ask;
}

std::optional<sched::Ask> growth_ask_of(const api::GpuJob& job, const Tenancy& tenancy,
                                        const Pools& pools, const sched::Estimates& known) {
  const api::GpuJobStatus& status = job.status;
  const bool runs = status.placement && status.started_at && !is_ending(status) &&
                    !job.meta.deletion && !job.spec.suspend;
  if (!runs || !job.spec.checkpoint) return std::nullopt;
  if (!job.spec.reservation.empty()) return std::nullopt;  // beside it there is nothing for it
  const auto workers = static_cast<int64_t>(status.placement->workers.size());
  if (workers >= job.spec.workers.max) return std::nullopt;
  sched::Ask ask = ask_of(job, tenancy, pools, known, {});
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
