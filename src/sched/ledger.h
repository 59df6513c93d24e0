#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sched/ids.h"

namespace berth::sched {

// What a worker takes of a node beside its devices.
struct Room {
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
  bool operator==(const Room&) const = default;
};

enum class ChargeKind {
  Admitted,    // counts against the quota
  Unadmitted,  // runs in a managed namespace, but nobody admitted it: reported, never bounded
  Unmanaged,   // no quota has to answer for it; it only takes room on its node
};

// One worker's hold on one node.
struct Charge {
  NodeId node;
  DeviceClass device_class;  // empty when it holds no devices
  int64_t devices = 0;
  Room room;
  ChargeKind kind = ChargeKind::Unmanaged;
  QuotaId quota;            // the leaf; meaningless when Unmanaged
  std::string region = {};  // of what is on no node; else it is that of the node

  bool operator==(const Charge&) const = default;
};

struct NodeUse {
  int64_t devices = 0;
  Room room;
  int64_t workers = 0;
  bool operator==(const NodeUse&) const = default;
};

struct QuotaUse {
  std::map<DeviceClass, int64_t> admitted;
  std::map<DeviceClass, int64_t> unadmitted;
  // Of those, what is in each region: by columns of one region.
  std::map<Column, int64_t> admitted_in = {};
  std::map<Column, int64_t> unadmitted_in = {};
  bool operator==(const QuotaUse&) const = default;
};

// The one ledger: who holds what, by source (the UID of a GpuJob, an endpoint or a foreign pod).
// Sums are kept as sources change, so that a pass costs nothing for what did not change.
// Invariant: node and quota sums equal what a recount over all sources gives (tests: Ledger).
class Ledger {
 public:
  // Replaces everything that `source` holds. An empty list forgets the source.
  void set(const std::string& source, std::vector<Charge> charges);
  void clear();
  // Of a node, known or not; empty: none. What is held there moves along. Cost: O(sources) where
  // anything is held there and the region is another.
  void set_region(const NodeId& node, const std::string& region);
  const std::string& region_of(const Charge& charge) const;

  const NodeUse& on(const NodeId& node) const;
  // The leaf's own holdings; a quota with children has none of its own.
  const QuotaUse& of(const QuotaId& leaf) const;
  const std::map<QuotaId, QuotaUse>& quotas() const { return quotas_; }
  const std::vector<Charge>& held_by(const std::string& source) const;

 private:
  void apply(const Charge& charge, int64_t sign);
  void apply_region(const Charge& charge, int64_t sign);

  std::map<std::string, std::vector<Charge>> by_source_;
  std::map<NodeId, NodeUse> nodes_;
  std::map<NodeId, std::string> regions_;  // of nodes that have one
  std::map<QuotaId, QuotaUse> quotas_;
};

}  // namespace berth::sched
