#include "translate/outlook.h"

#include <algorithm>
#include <string_view>

#include "pricing/cpu.h"
#include "pricing/scarcity.h"
#include "translate/asks.h"
#include "translate/charges.h"

namespace berth::translate {
namespace {

bool has_ended(const api::GpuJob& job) {
  const auto is_true = [&](std::string_view type) {
    const api::Condition* condition = api::find_condition(job.status.conditions, type);
    return condition != nullptr && condition->is_true();
  };
  return is_true("Complete") || is_true("Failed");
}

std::vector<pricing::Demand> demands_in(const std::vector<sched::DemandClass>& mix) {
  std::vector<pricing::Demand> demands;
  demands.reserve(mix.size());
  for (const sched::DemandClass& form : mix) {
    demands.push_back({.weight = form.weight,
                       .devices = form.need.devices,
                       .types = form.classes,
                       .cpu_milli = form.cpu_milli});
  }
  return demands;
}

}  // namespace

void Mix::add(const api::GpuJob& job, const Pools& pools) {
  if (has_ended(job) || job.spec.suspend) return;
  std::vector<sched::DeviceClass> classes;
  for (const api::DeviceAsk& wants : job.spec.worker.devices) {
    if (wants.is_cpu()) continue;
    for (sched::DeviceClass& one : classes_of(wants, pools)) classes.push_back(std::move(one));
  }
  if (classes.empty()) return;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  const int64_t devices = job.spec.worker.devices.front().count;
  if (devices > sched::kMostDevicesPerNode) return;  // no node takes such a worker
  const Form form{static_cast<int32_t>(devices), room_of(job.spec.worker.resources).cpu_milli,
                  std::move(classes)};
  workers_[form] += job.spec.workers.max;
}

std::vector<sched::DemandClass> Mix::forms() const {
  std::vector<sched::DemandClass> forms;
  for (const auto& [form, workers] : workers_) {
    const auto& [devices, cpu, classes] = form;
    forms.push_back(
        {.need = {.devices = devices}, .cpu_milli = cpu, .classes = classes, .weight = workers});
  }
  std::stable_sort(forms.begin(), forms.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  if (forms.size() > kMostForms) forms.resize(kMostForms);
  return forms;
}

sched::Outlook outlook_of(const Mix& mix, sched::World& world, const Pools& pools) {
  sched::Outlook outlook{.mix = mix.forms()};
  std::map<sched::DeviceClass, pricing::Supply> supply;
  std::map<sched::DeviceClass, pricing::NodeCpu> cpu;
  for (const auto& [id, node] : world.nodes()) {
    if (!node.usable || node.devices == 0) continue;
    pricing::Supply& of = supply[node.device_class];
    of.devices_per_node_max =
        std::max(of.devices_per_node_max,
                 static_cast<int>(std::min<int64_t>(node.devices, sched::kMostDevicesPerNode)));
    pricing::NodeCpu& beside = cpu[node.device_class];
    beside.cpu_milli = add_saturating(beside.cpu_milli, node.room.cpu_milli);
    beside.device_milli += node.devices * sched::kWholeDevice;
  }
  std::vector<pricing::Supply> supplies;
  std::vector<pricing::NodeCpu> nodes;
  for (auto& [device_class, of] : supply) {
    of.type = cpu[device_class].type = device_class;
    of.free_milli = world.fleet().free_of(device_class);
    supplies.push_back(of);
    nodes.push_back(cpu[device_class]);
    const auto price = pools.dearest_price(device_class);
    if (price) outlook.micro_usd_per_hour.emplace(device_class, *price);
  }
  const std::vector<pricing::Demand> demands = demands_in(outlook.mix);
  // They fail for negative amounts, of which there are none; without prices all are alike.
  if (const auto prices = pricing::scarcity_prices(demands, supplies)) {
    for (const auto& price : *prices) outlook.prices[price.type] = price.milli_per_device;
  }
  if (const auto prices = pricing::cpu_prices(demands, nodes)) {
    for (const auto& price : *prices) outlook.cpu_prices[price.type] = price.micro_per_core;
  }
  return outlook;
}

}  // namespace berth::translate
