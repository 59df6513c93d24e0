#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/labels.h"
#include "sched/fleet/fleet.h"

namespace berth::sched {

// The level of a node on its own.
inline constexpr const char* kHostLevel = "kubernetes.io/hostname";

// Nodes of one value of a level's label, in the order of their ids.
struct Domain {
  std::string value;
  std::vector<NodeIndex> nodes;
};

// The domains of a level as numbers, for those who ask of many nodes.
struct DomainNumbers {
  std::vector<uint32_t> of_node;  // by node, from 1 on; 0: in none
  uint32_t count = 0;             // of domains
  uint32_t at(NodeIndex node) const { return node < of_node.size() ? of_node[node] : 0; }
};

// Which nodes are close together: for every level (a node label) its domains. A node without the
// label is in no domain of that level. Domains of a level are worked out when they are first asked
// for and again when a node's labels have changed.
class Topology {
 public:
  void set(NodeIndex node, const NodeId& id, const Labels& labels);
  void remove(NodeIndex node);
  const std::vector<Domain>& domains(const std::string& level);
  const DomainNumbers& numbers(const std::string& level);  // in the order of domains()
  // The value of the level's label at a node; empty without one.
  const std::string& value(NodeIndex node, const std::string& level) const;
  const Labels& labels(NodeIndex node) const { return nodes_.at(node).labels; }

 private:
  struct Entry {
    NodeId id;
    Labels labels;
  };
  std::map<NodeIndex, Entry> nodes_;
  void labels_changed();

  std::map<std::string, std::vector<Domain>> by_level_;
  std::map<std::string, DomainNumbers> numbers_;
};

// Some nodes by the domain of a level that they are in; those in none are left out.
std::map<std::string, std::vector<NodeIndex>> domains_among(const Topology& topology,
                                                            const std::string& level,
                                                            std::span<const NodeIndex> nodes);

}  // namespace berth::sched
