#include "sim/openb/berth_policy.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "pricing/cpu.h"
#include "pricing/waste.h"
#include "sim/openb/random.h"

namespace berth::sim::openb {
namespace {

constexpr uint64_t kUnitMask = 0xFF;  // of Spot::devices, for shares
constexpr uint64_t kDeviceMask = 31;

sched::Need need_of(const Shape& shape) {
  if (shape.devices == 0) return {};
  return {.devices = shape.devices, .milli = shape.device_milli};
}

DeviceSet devices_of(const sched::Spot& spot, const sched::Need& need) {
  if (need.is_none()) return 0;
  if (need.is_whole()) return static_cast<DeviceSet>(spot.devices);
  return DeviceSet{1} << (((spot.devices & kUnitMask) - 1) & kDeviceMask);
}

}  // namespace

BerthPolicy::BerthPolicy(const Trace& trace, std::span<const Node> nodes,
                         const BerthOptions& options)
    : trace_(trace), options_(options) {
  std::vector<int64_t> pods(trace.shapes.size());
  for (const Pod& pod : trace.pods) ++pods[static_cast<size_t>(pod.shape)];
  for (const Shape& shape : trace.shapes) {
    const std::vector<std::string> models = allowed_models(trace, shape);
    const int64_t weight = pods[static_cast<size_t>(shape.id)];
    shape_of_.push_back(fleet_.shape({.need = need_of(shape),
                                      .cpu_milli = shape.cpu_milli,
                                      .memory_bytes = shape.memory_mib,
                                      .classes = models}));
    if (weight == 0) continue;
    outlook_.mix.push_back({need_of(shape), shape.cpu_milli, models, weight});
    mix_.push_back({.weight = weight,
                    .devices = shape.devices,
                    .milli_each = shape.device_milli,
                    .types = models,
                    .cpu_milli = shape.cpu_milli});
  }
  for (const std::string& model : trace.models) supply_.push_back({.type = model});
  add_nodes(nodes);
  outlook_.weights = options.weights;
}

void BerthPolicy::add_nodes(std::span<const Node> nodes) {
  std::vector<std::string> ids;
  for (const Node& node : nodes) ids.push_back(node.name);
  if (options_.ties) Random(*options_.ties).shuffle(ids);
  for (size_t at = 0; at < nodes.size(); ++at) {
    const Node& node = nodes[at];
    const auto model = static_cast<size_t>(node.model);
    supply_[model].devices_per_node_max =
        std::max(supply_[model].devices_per_node_max, node.devices);
    fleet_.add({.id = {"", ids[at]},
                .device_class = trace_.models[model],
                .devices = node.devices,
                .cpu_milli = node.cpu_milli,
                .memory_bytes = node.memory_mib});
  }
}

Result<std::unique_ptr<Policy>> BerthPolicy::make(const Trace& trace, std::span<const Node> nodes,
                                                  const BerthOptions& options) {
  std::unique_ptr<BerthPolicy> policy(new BerthPolicy(trace, nodes, options));
  BERTH_TRY(policy->expect());
  BERTH_TRY(policy->refresh());
  return std::unique_ptr<Policy>(std::move(policy));
}

// What follows from the mix and the nodes alone.
Status BerthPolicy::expect() {
  outlook_.waste = BERTH_TRY(pricing::waste_by_rest(mix_));
  std::vector<pricing::NodeCpu> nodes;
  for (const std::string& model : trace_.models) nodes.push_back({.type = model});
  for (const Node& node : trace_.nodes) {
    pricing::NodeCpu& of = nodes[static_cast<size_t>(node.model)];
    of.cpu_milli += node.cpu_milli;
    of.device_milli += int64_t{node.devices} * kWhole;
  }
  for (const auto& price : BERTH_TRY(pricing::cpu_prices(mix_, nodes, options_.cpu))) {
    outlook_.cpu_prices[price.type] = price.micro_per_core;
  }
  fleet_.set_outlook(outlook_);
  return Done{};
}

Status BerthPolicy::refresh() {
  for (pricing::Supply& supply : supply_) supply.free_milli = fleet_.free_of(supply.type);
  const auto prices = BERTH_TRY(pricing::scarcity_prices(mix_, supply_, options_.scarcity));
  std::map<sched::DeviceClass, int64_t> by_class;
  for (const pricing::TypePrice& price : prices) by_class[price.type] = price.milli_per_device;
  fleet_.set_prices(std::move(by_class));
  return Done{};
}

std::optional<Placement> BerthPolicy::place(const Shape& shape) {
  // Prices that cannot be worked out stay what they were.
  if (++placed_ % options_.pods_per_refresh == 0) (void)refresh();
  const sched::ShapeId id = shape_of_[static_cast<size_t>(shape.id)];
  const auto node = fleet_.best(id);
  if (!node) return std::nullopt;
  const sched::Spot spot = fleet_.take(id, *node);
  return Placement{static_cast<int32_t>(*node), devices_of(spot, fleet_.shape_of(id).need)};
}

}  // namespace berth::sim::openb
