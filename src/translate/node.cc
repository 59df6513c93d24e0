#include "translate/node.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/saturating.h"
#include "json/describe.h"
#include "kube/quantity.h"
#include "sched/bounds.h"
#include "sched/fleet/need.h"
#include "sched/policy/policy.h"
#include "translate/read_json.h"

namespace berth::translate {
namespace {

using sched::kInterruptibleLabel;
using sched::kPoolLabel;
using sched::kPriceLabel;
using sched::kRegionLabel;

int64_t amount(const Json& amounts, const char* name, bool in_milli = false) {
  const Json& value = value_at(amounts, name);
  if (value.is_number_integer()) {
    return multiply_saturating(value.get<int64_t>(), in_milli ? 1000 : 1);
  }
  if (!value.is_string()) return 0;
  const auto& text = value.get_ref<const std::string&>();
  const auto parsed = in_milli ? kube::parse_milli(text) : kube::parse_quantity(text);
  return parsed ? *parsed : 0;
}

void read_status(const Json& status, const Accelerators& accelerators, Node& node) {
  const Json& allocatable = object_at(status, "allocatable");
  node.room = sched::bounded({.cpu_milli = amount(allocatable, "cpu", true),
                              .memory_bytes = amount(allocatable, "memory")});
  node.pods = amount(allocatable, "pods");
  const Json& capacity = object_at(status, "capacity");
  for (const std::string& resource : accelerators.resources) {
    if (!allocatable.contains(resource)) continue;
    const int64_t devices = sched::bounded_devices(amount(allocatable, resource.c_str()));
    const int64_t installed = sched::bounded_devices(amount(capacity, resource.c_str()));
    node.counts.push_back({resource, devices, std::max(devices, installed)});
  }
  discover(node);
  for (const Json& condition : array_at(status, "conditions")) {
    if (text_at(condition, "type") == "Ready") node.ready = text_at(condition, "status") == "True";
  }
}

Labels labels_of(const Node& node) {
  Labels labels = node.meta.labels;
  // The core reads a pool's terms as labels; nobody else's labels of these names count.
  for (const char* own : {kPoolLabel, kRegionLabel, kInterruptibleLabel, kPriceLabel}) {
    labels.erase(own);
  }
  const PoolTerms& terms = node.terms;
  if (terms.pool.empty()) return labels;
  labels[kPoolLabel] = terms.pool;
  labels[kInterruptibleLabel] = terms.interruptible ? "true" : "false";
  if (!terms.region.empty()) labels[kRegionLabel] = terms.region;
  if (terms.micro_usd_per_device_hour) {
    labels[kPriceLabel] = std::to_string(*terms.micro_usd_per_device_hour);
  }
  return labels;
}

}  // namespace

void give_out(Node& node, const DeviceCount& count) {
  node.resource = count.resource;
  node.whole_resource.clear();
  node.devices = std::min<int64_t>(count.allocatable, sched::kMostDevicesPerNode);
  node.installed = count.capacity;
}

int64_t devices_beyond(const Node& node) {
  for (const DeviceCount& count : node.counts) {
    if (count.resource == node.resource) return count.allocatable - node.devices;
  }
  return 0;
}

void discover(Node& node) {
  give_out(node, {});
  node.device_class.clear();
  node.terms = {};
  const DeviceCount* most = nullptr;
  for (const DeviceCount& count : node.counts) {
    // A node that lost all its devices keeps its class, so that what runs there stays explained.
    if (most == nullptr || count.allocatable > most->allocatable) most = &count;
  }
  if (most == nullptr) return;
  give_out(node, *most);
  node.device_class = class_of(node.resource, node.meta.labels);
}

bool Node::is_usable() const {
  if (!ready || cordoned || meta.deletion) return false;
  return std::all_of(taints.begin(), taints.end(), [&](const Taint& taint) {
    if (taint.effect == "PreferNoSchedule" || taint.key == resource) return true;
    return !whole_resource.empty() && taint.key == whole_resource;
  });
}

Result<Node> decode_node(const Json& json, const Accelerators& accelerators) {
  Node node;
  BERTH_TRY(decode(object_at(json, "metadata"), node.meta, Path("metadata")));
  if (node.meta.name.empty()) return Error{Code::Invalid, "metadata.name: required"};
  node.meta.annotations.clear();
  const Json& spec = object_at(json, "spec");
  node.cordoned = flag_at(spec, "unschedulable");
  for (const Json& taint : array_at(spec, "taints")) {
    node.taints.push_back(
        {text_at(taint, "key"), text_at(taint, "value"), text_at(taint, "effect")});
  }
  read_status(object_at(json, "status"), accelerators, node);
  return node;
}

sched::Node to_sched(const Node& node) {
  return {.id = {"", node.meta.name},
          .device_class = node.device_class,
          .devices = node.devices,
          .room = node.room,
          .workers = node.pods,
          .usable = node.is_usable(),
          .labels = labels_of(node)};
}

}  // namespace berth::translate
