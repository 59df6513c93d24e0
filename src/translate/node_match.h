#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "json/json_fwd.h"

// Which nodes a pod can be on at all: kube-scheduler's NodeAffinity and TaintToleration filters,
// for pods that Berth pins itself. A pin that those filters refuse would never be bound.
namespace berth::translate {

struct Taint {
  std::string key;
  std::string value;
  std::string effect;
  bool operator==(const Taint&) const = default;
};

struct Toleration {
  std::string key;  // empty with `exists`: everything
  std::string value;
  std::string effect;  // empty: every effect
  bool exists = false;
};

struct Requirement {
  std::string key;
  std::string op;  // In, NotIn, Exists, DoesNotExist, Gt, Lt
  std::vector<std::string> values;
  bool on_name = false;  // matchFields metadata.name in place of a label
};

// How much of spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution there is,
// for patches that add to it.
enum class AffinityDepth { Nothing, Affinity, NodeAffinity, Required };

struct NodeDemands {
  std::map<std::string, std::string> selector;
  // Required terms: any of them, all requirements of it. Empty: no demand.
  std::vector<std::vector<Requirement>> terms;
  std::vector<Toleration> tolerations;
  AffinityDepth depth = AffinityDepth::Nothing;
  std::vector<size_t> places;  // of each of `terms` in nodeSelectorTerms
};

NodeDemands demands_of(const Json& pod_spec);

bool tolerates(const std::vector<Toleration>& tolerations, const std::vector<Taint>& taints);
bool matches(const NodeDemands& demands, const std::string& node,
             const std::map<std::string, std::string>& labels);

}  // namespace berth::translate
