#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "sched/facts.h"
#include "translate/accelerators.h"
#include "translate/node_match.h"

namespace berth::translate {

// The parts of a Node that Berth looks at.
struct Node {
  ObjectMeta meta;           // with all labels: pods select by them
  std::string resource;      // the accelerator resource that it has; empty: none
  std::string device_class;  // of those devices; empty: none
  int64_t devices = 0;       // allocatable: what the device plugin calls healthy
  sched::Room room;          // allocatable
  int64_t pods = 0;          // most pods
  bool ready = false;
  bool cordoned = false;
  std::vector<Taint> taints;

  // May get new work from Berth: ready, not cordoned, and no taint but those on accelerators, which
  // workers tolerate.
  bool is_usable() const;
};

Result<Node> decode_node(const Json& node, const Accelerators& accelerators);

// As the pass sees it. What is taken of it the holders say.
sched::Node to_sched(const Node& node);

}  // namespace berth::translate
