#include "translate/charges.h"

#include <numeric>

#include "kube/quantity.h"
#include "sched/bounds.h"
#include "sched/cpu_class.h"

namespace berth::translate {
namespace {

int64_t devices_of(const Pod& pod) {
  return sched::bounded_devices(std::accumulate(
      pod.requests.devices.begin(), pod.requests.devices.end(), int64_t{0},
      [](int64_t sum, const auto& device) { return add_saturating(sum, device.second); }));
}

bool is_admitted(const Pod& pod) {
  return pod.gated ? !planned_node(pod).empty() : !pod.pinned_node.empty();
}

}  // namespace

sched::Room room_of(const api::WorkerResources& resources) {
  const auto cpu = kube::parse_milli(resources.cpu);
  const auto memory = kube::parse_quantity(resources.memory);
  return sched::bounded({.cpu_milli = cpu ? *cpu : 0, .memory_bytes = memory ? *memory : 0});
}

std::string class_for(const Pod& pod, const Node* node) {
  if (pod.requests.devices.empty()) return {};
  const std::string& resource = pod.requests.devices.begin()->first;
  if (node != nullptr && node->resource == resource) return node->device_class;
  const auto planned = pod.meta.annotations.find(std::string(kClassAnnotation));
  return planned == pod.meta.annotations.end() ? class_of(resource, {}) : planned->second;
}

std::string planned_node(const Pod& pod) {
  const auto plan = pod.meta.annotations.find(std::string(kPlanAnnotation));
  return plan == pod.meta.annotations.end() ? std::string() : plan->second;
}

std::vector<sched::Charge> charges_of(const api::GpuJob& job, const api::Placement& placement,
                                      const Tenancy& tenancy) {
  const sched::QuotaId* quota = tenancy.find(job.meta.name_space);
  const sched::Room room = room_of(job.spec.worker.resources);
  std::vector<sched::Charge> charges;
  charges.reserve(placement.workers.size());
  for (const api::PlacedWorker& worker : placement.workers) {
    sched::Charge charge{.node = {worker.cluster, worker.node}, .room = room};
    if (worker.device_class != sched::kCpuClass) {  // which is charged to nobody
      charge.device_class = worker.device_class;
      charge.devices = sched::bounded_devices(worker.count);
      if (quota != nullptr) charge.kind = sched::ChargeKind::Admitted;
      if (quota != nullptr) charge.quota = *quota;
    }
    charges.push_back(std::move(charge));
  }
  return charges;
}

std::vector<sched::Charge> charges_of(const Pod& pod, const std::string& device_class, bool exempt,
                                      const Tenancy& tenancy) {
  const std::string planned = planned_node(pod);
  const bool holds = pod.holds_node() || (!pod.is_terminal() && pod.gated && !planned.empty());
  if (!holds) return {};
  sched::Charge charge{.node = {"", pod.where().empty() ? planned : pod.where()},
                       .device_class = device_class,
                       .devices = devices_of(pod),
                       .room = pod.requests.room};
  const sched::QuotaId* quota = exempt ? nullptr : tenancy.find(pod.meta.name_space);
  if (charge.devices > 0 && quota != nullptr) {
    charge.kind = is_admitted(pod) ? sched::ChargeKind::Admitted : sched::ChargeKind::Unadmitted;
    charge.quota = *quota;
  }
  return {charge};
}

}  // namespace berth::translate
