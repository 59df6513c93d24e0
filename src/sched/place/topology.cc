#include "sched/place/topology.h"

#include <algorithm>

namespace berth::sched {

void Topology::set(NodeIndex node, const NodeId& id, const Labels& labels) {
  const auto at = nodes_.find(node);
  if (at != nodes_.end() && at->second.labels == labels) return;
  nodes_.insert_or_assign(node, Entry{id, labels});
  labels_changed();
}

void Topology::remove(NodeIndex node) {
  if (nodes_.erase(node) > 0) labels_changed();
}

void Topology::labels_changed() {
  by_level_.clear();
  numbers_.clear();
}

const std::vector<Domain>& Topology::domains(const std::string& level) {
  const auto known = by_level_.find(level);
  if (known != by_level_.end()) return known->second;
  std::map<std::string, std::vector<NodeIndex>> nodes;
  for (const auto& [index, entry] : nodes_) {
    const std::string& at = value(index, level);
    if (!at.empty()) nodes[at].push_back(index);
  }
  std::vector<Domain> domains;
  for (auto& [at, members] : nodes) {
    std::sort(members.begin(), members.end(),
              [&](NodeIndex a, NodeIndex b) { return nodes_.at(a).id < nodes_.at(b).id; });
    domains.push_back({at, std::move(members)});
  }
  return by_level_.emplace(level, std::move(domains)).first->second;
}

const DomainNumbers& Topology::numbers(const std::string& level) {
  const auto [at, is_new] = numbers_.try_emplace(level);
  DomainNumbers& numbers = at->second;
  if (!is_new) return numbers;
  if (!nodes_.empty()) numbers.of_node.resize(nodes_.rbegin()->first + size_t{1});
  for (const Domain& domain : domains(level)) {
    ++numbers.count;
    for (const NodeIndex node : domain.nodes) numbers.of_node[node] = numbers.count;
  }
  return numbers;
}

const std::string& Topology::value(NodeIndex node, const std::string& level) const {
  static const std::string kNone;
  const Entry& entry = nodes_.at(node);
  const auto at = entry.labels.find(level);
  if (at != entry.labels.end()) return at->second;
  return level == kHostLevel ? entry.id.name : kNone;
}

std::map<std::string, std::vector<NodeIndex>> domains_among(const Topology& topology,
                                                            const std::string& level,
                                                            std::span<const NodeIndex> nodes) {
  std::map<std::string, std::vector<NodeIndex>> domains;
  for (const NodeIndex node : nodes) {
    const std::string& at = topology.value(node, level);
    if (!at.empty()) domains[at].push_back(node);
  }
  return domains;
}

}  // namespace berth::sched
