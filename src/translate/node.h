#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "sched/facts.h"
#include "translate/accelerators.h"
#include "translate/node_match.h"

namespace berth::translate {

// What is known of a node by the CapacityPool that it is in.
struct PoolTerms {
  std::string pool;  // empty: in none
  std::string region;
  bool interruptible = false;
  std::optional<int64_t> micro_usd_per_device_hour;  // nothing: not known
  bool operator==(const PoolTerms&) const = default;
};

// How much of one accelerator resource a node has.
struct DeviceCount {
  std::string resource;
  int64_t allocatable = 0;  // what the device plugin calls healthy
  int64_t capacity = 0;
  bool operator==(const DeviceCount&) const = default;
};

// The parts of a Node that Berth looks at.
struct Node {
  ObjectMeta meta;                  // with all labels: pods select by them
  std::vector<DeviceCount> counts;  // in the order of the accelerators; only what it has
  std::string resource;             // the one of them that Berth gives out; empty: none
  std::string whole_resource;       // where that is of shares, what whole devices are called
  std::string device_class;         // of those devices; empty: none
  int64_t devices = 0;              // of `resource`, allocatable; at most kMostDevicesPerNode
  int64_t installed = 0;            // of `resource`, broken ones included
  PoolTerms terms;
  sched::Room room;  // allocatable
  int64_t pods = 0;  // most pods
  bool ready = false;
  bool cordoned = false;
  std::vector<Taint> taints;

  // May get new work from Berth: ready, not cordoned, and no taint but those on its accelerators,
  // which workers tolerate.
  bool is_usable() const;
};

// Which devices it has goes by discover().
Result<Node> decode_node(const Json& node, const Accelerators& accelerators);

// What a node says of its devices itself, without any pool: the resource that it has most of, and
// the class of its product label.
void discover(Node& node);

// It gives out that resource, and no other.
void give_out(Node& node, const DeviceCount& count);

// Of `resource`, allocatable but more than Berth gives out of one node.
int64_t devices_beyond(const Node& node);

// As the pass sees it. What is taken of it the holders say.
sched::Node to_sched(const Node& node);

}  // namespace berth::translate
