#include "sched/core/why.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "sched/core/location.h"
#include "sched/core/trial.h"
#include "sched/cpu_class.h"

namespace berth::sched {
namespace {

std::string count_of(int64_t devices, const DeviceClass& device_class) {
  return std::to_string(devices) + " " + device_class;
}

// "8 nvidia-h200 in eu"
std::string count_of(const Alternative& wants) {
  std::string text = count_of(wants.total(), wants.device_class);
  if (wants.region) text += wants.region->empty() ? " in no region" : " in " + *wants.region;
  return text;
}

// "7.6" of 760.
std::string hundredths(int64_t number) {
  const std::string cents = std::to_string(number % 100 + 100).substr(1);
  return std::to_string(number / 100) + "." + cents;
}

std::string whose(const Ask& ask, const QuotaId& at) {
  if (at == *ask.quota) return "quota";
  return at.name.empty() ? "the pool" : "quota " + at.name;
}

// Why the next worker of a gang found no node although enough devices are free in all.
struct Misfit {
  int64_t placed = 0;   // workers that found one before it
  int64_t devices = 0;  // that it wants
  // Nodes with so many free, and how many of them were passed over for what, each counted once.
  int64_t nodes = 0;
  int64_t not_selected = 0;  // by the ask's own selectors and affinity
  int64_t avoided = 0;       // its last plan failed there
  int64_t cpu = 0;
  int64_t memory = 0;
  int64_t pods = 0;
};

void count(Misfit& why, World& world, const Ask& ask, NodeIndex node, const Room& room) {
  const Fleet& fleet = world.fleet();
  const NodeId& id = fleet.facts(node).id;
  ++why.nodes;
  if (ask.only && !ask.only->contains(id)) {
    ++why.not_selected;
  } else if (ask.avoid.contains(id)) {
    ++why.avoided;
  } else if (fleet.free_cpu(node) < room.cpu_milli) {
    ++why.cpu;
  } else if (fleet.free_memory(node) < room.memory_bytes) {
    ++why.memory;
  } else if (fleet.free_pods(node) <= 0) {
    ++why.pods;
  } else {
    --why.nodes;  // it would do: another worker of the gang is what does not fit
  }
}

bool is_ground(const World& world, const Alternative& wants, const NodeFacts& node) {
  return node.device_class == wants.device_class &&
         (!wants.region || world.region_of(node.id) == *wants.region);
}

Misfit misfit(World& world, const Ask& ask, const Alternative& wants) {
  Trial trial(world);
  Fleet& fleet = world.fleet();
  std::vector<NodeIndex> all;
  // Nodes that are gone or unusable have no devices in the fleet. By number: a look-up by name for
  // each node was most of an explanation's time.
  const auto nodes = static_cast<NodeIndex>(fleet.nodes());
  for (NodeIndex node = 0; node < nodes; ++node) {
    const NodeFacts& facts = fleet.facts(node);
    if (!is_ground(world, wants, facts) || ask.avoid.contains(facts.id)) continue;
    const bool may = (!ask.only || ask.only->contains(facts.id)) &&
                     (ask.locations.empty() || is_located(ask, world.node(node)));
    if (may) all.push_back(node);
  }
  std::vector<ShapeId> shapes;
  for (size_t i = 0; i < wants.counts.size(); ++i)
    shapes.push_back(worker_shape(fleet, ask, wants, i));
  Misfit why;
  for (const size_t worker : largest_first(fleet, shapes)) {
    const auto node = fleet.best_among(shapes[worker], all);
    if (node) {
      trial.take(shapes[worker], *node);
      ++why.placed;
      continue;
    }
    why.devices = wants.counts[worker];
    for (NodeIndex index = 0; index < nodes; ++index) {
      const bool is_meant = is_ground(world, wants, fleet.facts(index));
      if (is_meant && fleet.whole_free(index) >= why.devices) {
        count(why, world, ask, index, ask.rooms[worker]);
      }
    }
    return why;
  }
  return why;
}

// "only 2 fit: of 3 nodes with 4 free 2 lack CPU and 1 failed its last plan"
std::string text_of(const Misfit& why) {
  std::string text =
      (why.placed == 0 ? "none fits: " : "only " + std::to_string(why.placed) + " fit: ");
  if (why.nodes == 0) return text + "no node has " + std::to_string(why.devices) + " free";
  text += "of " + count_text(why.nodes, "node") + " with " + std::to_string(why.devices) + " free ";
  const std::array<std::pair<int64_t, const char*>, 5> parts{{
      {why.not_selected, " not selected"},
      {why.avoided, " avoided since the last plan failed there"},
      {why.cpu, " without the CPU"},
      {why.memory, " without the memory"},
      {why.pods, " without room for a pod"},
  }};
  const char* between = "";
  for (const auto& [count, what] : parts) {
    if (count == 0) continue;
    text += between + std::to_string(count) + what;
    between = ", ";
  }
  return text;
}

std::string far_apart(const Ask& ask) { return "not in one domain of " + ask.near->levels.front(); }

std::vector<DeviceClass> classes_of(const Alternative& wants) {
  if (is_cpu(wants)) return {};  // any
  return {wants.device_class};
}

}  // namespace

ShapeId worker_shape(Fleet& fleet, const Ask& ask, const Alternative& wants, size_t worker) {
  return fleet.shape({.need = {static_cast<int32_t>(wants.counts[worker])},
                      .cpu_milli = ask.rooms[worker].cpu_milli,
                      .memory_bytes = ask.rooms[worker].memory_bytes,
                      .classes = classes_of(wants)});
}

Stock stock_of(World& world, const Alternative& wants) {
  const DeviceClass& device_class = wants.device_class;
  if (wants.region) {
    const auto& by_region = world.usable_in(device_class);
    const auto there = by_region.find(*wants.region);
    Stock stock{.free = 0, .exist = there == by_region.end() ? 0 : there->second};
    for (const NodeIndex node : world.nodes_in(device_class, *wants.region)) {
      stock.free += world.fleet().whole_free(node);
    }
    return stock;
  }
  const auto exist = world.usable().find(device_class);
  return {world.fleet().free_of(device_class) / kWholeDevice,
          exist == world.usable().end() ? 0 : exist->second};
}

Hold no_quota(const Ask& ask, bool is_broken) {
  if (!is_broken) return {ask.id, Reason::NoQuota, "its namespace belongs to no Quota"};
  return {ask.id, Reason::NoQuota,
          "Quota " + ask.quota->name + " has a parent that is missing or a cycle"};
}

Hold no_alternative(const Ask& ask) {
  return {
      ask.id, Reason::NoSuchDevice,
      ask.unserved.empty() ? "asks for no device that its Quota has a limit for" : ask.unserved};
}

Hold no_tier(const Ask& ask, bool exists, const std::vector<std::string>& allowed) {
  std::string names;
  for (const std::string& name : allowed) names += (names.empty() ? "" : ", ") + name;
  const std::string what = exists ? " is not for quota " + ask.quota->name : " does not exist";
  return {ask.id, Reason::NoTier,
          "tier " + ask.tier + what + (names.empty() ? "" : ": it may ask for " + names)};
}

Hold behind(const Ask& ask, const Ask& first) {
  return {ask.id, Reason::Behind,
          "Quota " + ask.quota->name + " starts work in order, and " + first.name +
              " before it is held"};
}

Hold over_quota(const Ask& ask, const Alternative& wants, const QuotaRefusal& no) {
  std::string message = "wants " + count_of(no.wants, wants.device_class) +
                        (no.region.empty() ? "" : " in " + no.region) + ", " + whose(ask, no.at) +
                        (no.own_only ? "'s own guarantee" : "") + " leaves " +
                        std::to_string(no.leaves);
  if (no.own_only) {
    message += ": work of tier " + ask.tier + " never gives way, so it may not borrow";
  }
  if (!no.lent_out) return {ask.id, Reason::OverQuota, std::move(message)};
  message += ": its guaranteed share is lent out and must be returned first";
  return {ask.id, Reason::LentOut, std::move(message)};
}

Hold not_listed(const Ask& ask, const Alternative& wants, const std::map<Column, Limit>& limits) {
  std::string listed;
  for (const auto& [device_class, limit] : limits) {
    listed += (listed.empty() ? "" : ", ") + device_class;
  }
  return {ask.id, Reason::NoSuchDevice,
          "wants " + count_of(wants.total(), wants.device_class) + ", quota " + ask.quota->name +
              " has no limit for that class, only for " + listed};
}

Hold no_room(World& world, const Ask& ask, const Alternative& wants, const Stock& stock) {
  const std::string want = "wants " + count_of(wants) + (wants.region ? "" : location_text(ask));
  if (stock.exist == 0) return {ask.id, Reason::NoSuchDevice, want + ", no usable node has any"};
  if (stock.exist < wants.total()) {
    return {ask.id, Reason::TooLarge,
            want + ", usable nodes have " + std::to_string(stock.exist) + " in all"};
  }
  const std::string free =
      std::to_string(stock.free) + " of " + std::to_string(stock.exist) + " are free";
  if (stock.free < wants.total()) return {ask.id, Reason::NoCapacity, want + ", " + free};
  const Misfit why = misfit(world, ask, wants);
  const bool is_near_by = why.placed < static_cast<int64_t>(wants.counts.size());
  return {ask.id, Reason::Fragmented,
          want + " for " + count_text(static_cast<int64_t>(wants.counts.size()), "worker") + ", " +
              free + " but " + (is_near_by || !ask.near ? text_of(why) : far_apart(ask))};
}

Hold promised_out(const Ask& ask, const Alternative& wants, const PromiseAnswer& no,
                  int64_t percent, Instant now) {
  std::string message = "tier " + ask.tier + " would promise " + std::to_string(percent) + "% of " +
                        count_of(wants.total(), wants.device_class) + ": of " +
                        std::to_string(no.promisable / 100) + " the time of " +
                        hundredths(no.promised) + " is promised to others";
  if (no.earliest == Instant::max()) {
    message += ", and nobody knows until when";
  } else {
    const int64_t hours = std::chrono::ceil<std::chrono::hours>(no.earliest - now).count();
    message += ", until in about " + count_text(hours, "hour");
  }
  return {ask.id, Reason::PromisedOut, std::move(message), no.earliest};
}

std::optional<Hold> no_domain(World& world, const Ask& ask, const Alternative& wants) {
  if (!ask.near || !ask.near->required) return std::nullopt;
  const std::string& level = ask.near->levels.front();
  const Fleet& fleet = world.fleet();
  int64_t most = -1;  // no node of the class has the label
  for (const Domain& domain : world.topology().domains(level)) {
    int64_t devices = 0;
    for (const NodeIndex node : domain.nodes) {
      if (fleet.facts(node).device_class == wants.device_class) {
        devices += fleet.facts(node).devices;
      }
    }
    if (devices > 0) most = std::max(most, devices);
    if (most >= wants.total()) return std::nullopt;
  }
  const std::string want =
      "wants " + count_of(wants.total(), wants.device_class) + " in one domain of " + level;
  if (most < 0) {
    return Hold{ask.id, Reason::NoSuchDevice,
                want + ", no usable node of the class has that label"};
  }
  return Hold{ask.id, Reason::TooLarge, want + ", the largest has " + std::to_string(most)};
}

Hold no_cpu(World& world, const Ask& ask, const Alternative& wants) {
  Trial trial(world);
  size_t fit = 0;
  while (fit < ask.rooms.size()) {
    const ShapeId shape = worker_shape(world.fleet(), ask, wants, fit);
    const auto node = world.fleet().best(shape);
    if (!node) break;
    trial.take(shape, *node);
    ++fit;
  }
  return {ask.id, Reason::NoCapacity,
          "wants room for " + count_text(static_cast<int64_t>(ask.rooms.size()), "worker") +
              " on CPU, usable nodes have it for " + std::to_string(fit)};
}

Hold reserved(const Ask& ask, const Alternative& wants, const Stock& stock) {
  return {ask.id, Reason::Reserved,
          "wants " + count_of(wants) + ", what would fit of the " + std::to_string(stock.free) +
              " free is kept for work that has waited longer"};
}

}  // namespace berth::sched
