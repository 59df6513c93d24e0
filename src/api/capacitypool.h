#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/common.h"
#include "api/condition.h"
#include "api/kind.h"
#include "json/object_meta.h"

namespace berth::api {

// How a device of the pool may be cut: a resource whose one unit is such a share.
struct PoolShare {
  std::string resource;
  std::string memory;
  int64_t compute_percent = 0;

  template <class V>
  static void describe(V& v) {
    v.field("resource", &PoolShare::resource,
            {.required = true, .min_length = 1, .max_length = 316, .pattern = kLabelKeyPattern},
            "Extended resource of which one unit is such a share.");
    v.field("memory", &PoolShare::memory, {.required = true, .quantity = true},
            "Device memory of a share, for example 10Gi.");
    v.field("computePercent", &PoolShare::compute_percent,
            {.required = true, .minimum = 1, .maximum = 100},
            "Percent of the device's compute units.");
  }
  bool operator==(const PoolShare&) const = default;
};

struct PoolScaling {
  int64_t min_nodes = 0;
  int64_t max_nodes = 0;

  template <class V>
  static void describe(V& v) {
    v.field("minNodes", &PoolScaling::min_nodes, {.required = true, .minimum = 0}, "Fewest nodes.");
    v.field("maxNodes", &PoolScaling::max_nodes, {.required = true, .minimum = 0}, "Most nodes.");
    v.rule(
        "self.minNodes <= self.maxNodes", "maxNodes may not be below minNodes",
        [](const PoolScaling& scaling) { return scaling.min_nodes <= scaling.max_nodes; },
        ".maxNodes");
  }
  bool operator==(const PoolScaling&) const = default;
};

struct CapacityPoolSpec {
  std::map<std::string, std::string> node_selector;
  std::string device_class;
  std::string resource;
  std::vector<PoolShare> shares;
  std::string memory;
  std::vector<std::string> topology;
  std::string region;
  bool interruptible = false;
  std::optional<int64_t> micro_usd_per_device_hour;
  std::string cluster;
  std::optional<PoolScaling> scaling;

  template <class V>
  static void describe(V& v) {
    v.field("nodeSelector", &CapacityPoolSpec::node_selector,
            {.required = true, .max_length = 63, .min_items = 1, .max_items = 16},
            "Labels of the pool's nodes.");
    v.field("class", &CapacityPoolSpec::device_class,
            {.required = true, .min_length = 1, .max_length = 63, .pattern = kDeviceClassPattern},
            "Device class, VENDOR-MODEL in lower case.");
    v.field("resource", &CapacityPoolSpec::resource,
            {.required = true, .min_length = 1, .max_length = 316, .pattern = kLabelKeyPattern},
            "Extended resource of which one unit is a whole device.");
    v.field("shares", &CapacityPoolSpec::shares, {.max_items = 16, .keys = "resource"},
            "How devices may be cut; absent means not at all. A node gives out one kind: whole "
            "devices, or the one of these of which it has most.");
    v.field("memory", &CapacityPoolSpec::memory, {.quantity = true},
            "Memory of a whole device, for example 141Gi; no share may have more.");
    v.field("topology", &CapacityPoolSpec::topology,
            {.set = true,
             .min_length = 1,
             .max_length = 316,
             .max_items = 8,
             .pattern = kLabelKeyPattern},
            "Node labels of the levels, widest first.");
    v.field("region", &CapacityPoolSpec::region, {.min_length = 1, .max_length = 63},
            "Region of the pool; absent means none.");
    v.field("interruptible", &CapacityPoolSpec::interruptible, {.defaulted = true},
            "The capacity may be taken away at short notice.");
    v.field("microUsdPerDeviceHour", &CapacityPoolSpec::micro_usd_per_device_hour, {.minimum = 0},
            "Price in millionths of a US dollar; absent means not known.");
    v.field("cluster", &CapacityPoolSpec::cluster, {.unsupported = true, .min_length = 1},
            "Remote or external cluster that holds the nodes; absent means this one.");
    v.field("scaling", &CapacityPoolSpec::scaling, {.unsupported = true},
            "How far the pool may grow and shrink; absent means not at all.");
    v.rule("!has(self.shares) || self.shares.all(s, s.resource != self.resource)",
           "a share needs a resource of its own, beside that of whole devices",
           &CapacityPoolSpec::has_own_shares, ".shares");
  }
  static bool has_own_shares(const CapacityPoolSpec& spec) {
    return std::none_of(spec.shares.begin(), spec.shares.end(),
                        [&](const PoolShare& share) { return share.resource == spec.resource; });
  }
  bool operator==(const CapacityPoolSpec&) const = default;
};

// The widest gang that fits into one domain of a level now.
struct LevelGang {
  std::string level;
  int64_t devices = 0;

  template <class V>
  static void describe(V& v) {
    v.field("level", &LevelGang::level, {.required = true, .min_length = 1, .max_length = 316},
            "Node label of the level.");
    v.field("devices", &LevelGang::devices, {.required = true, .minimum = 0},
            "Free devices of the emptiest domain.");
  }
  bool operator==(const LevelGang&) const = default;
};

// What nodes have that give out shares of one kind.
struct PoolShareUse {
  std::string resource;
  std::string device_class;
  int64_t capacity = 0;
  int64_t healthy = 0;
  int64_t allocated = 0;

  template <class V>
  static void describe(V& v) {
    v.field("resource", &PoolShareUse::resource,
            {.required = true, .min_length = 1, .max_length = 316}, "Resource of the share.");
    v.field("class", &PoolShareUse::device_class,
            {.required = true,
             .min_length = 1,
             .max_length = kCountedClassLength,
             .pattern = kCountedClassPattern},
            "Class that it is counted under, by which Quotas name it.");
    v.field("capacity", &PoolShareUse::capacity, {.required = true, .minimum = 0}, "Shares.");
    v.field("healthy", &PoolShareUse::healthy, {.required = true, .minimum = 0},
            "Shares that can be used.");
    v.field("allocated", &PoolShareUse::allocated, {.required = true, .minimum = 0},
            "Shares in use.");
  }
  bool operator==(const PoolShareUse&) const = default;
};

struct CapacityPoolStatus {
  int64_t observed_generation = 0;
  int64_t capacity = 0;
  int64_t healthy = 0;
  int64_t allocated = 0;
  std::vector<PoolShareUse> shares;
  std::vector<LevelGang> largest_gang;
  std::optional<int64_t> fragmentation_percent;
  std::vector<Condition> conditions;

  template <class V>
  static void describe(V& v) {
    v.field("observedGeneration", &CapacityPoolStatus::observed_generation, {.minimum = 0},
            "Generation of the spec that this status is about.");
    v.field("capacity", &CapacityPoolStatus::capacity, {.minimum = 0},
            "Devices of nodes that give out whole ones, as are all counts but those in shares.");
    v.field("healthy", &CapacityPoolStatus::healthy, {.minimum = 0}, "Devices that can be used.");
    v.field("allocated", &CapacityPoolStatus::allocated, {.minimum = 0}, "Devices in use.");
    v.field("shares", &CapacityPoolStatus::shares, {.max_items = 16, .keys = "resource"},
            "What the nodes have that give out shares.");
    v.field("largestGang", &CapacityPoolStatus::largest_gang, {.max_items = 8, .keys = "level"},
            "Largest gang per level.");
    v.field("fragmentationPercent", &CapacityPoolStatus::fragmentation_percent,
            {.minimum = 0, .maximum = 100},
            "Percent of the free devices that a worker of the GpuJobs that wait or run, taken at "
            "random, cannot use: it does not fit on their node.");
    v.field("conditions", &CapacityPoolStatus::conditions, {.keys = "type"}, "Ready.");
  }
  bool operator==(const CapacityPoolStatus&) const = default;
};

// Nodes with one kind of device.
struct CapacityPool {
  ObjectMeta meta;
  CapacityPoolSpec spec;
  CapacityPoolStatus status;

  static constexpr KindFacts kKind{.kind = "CapacityPool",
                                   .plural = "capacitypools",
                                   .singular = "capacitypool",
                                   .short_name = "gcp",
                                   .namespaced = false,
                                   .doc = "Nodes with one kind of device."};
  static constexpr std::array kColumns{
      Column{"Class", "string", ".spec.class", "Device class."},
      Column{"Capacity", "integer", ".status.capacity", "Devices."},
      Column{"Healthy", "integer", ".status.healthy", "Devices that can be used."},
      Column{"Allocated", "integer", ".status.allocated", "Devices in use."},
      Column{"Ready", "string", ".status.conditions[?(@.type=='Ready')].status",
             "Whether its devices can be used."},
      Column{"Age", "date", ".metadata.creationTimestamp", "Time since creation."},
  };

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &CapacityPool::meta, {}, "Metadata.");
    v.field("spec", &CapacityPool::spec, {.required = true}, "Which nodes and what they hold.");
    v.field("status", &CapacityPool::status, {}, "What is there.");
  }
  bool operator==(const CapacityPool&) const = default;
};

}  // namespace berth::api
