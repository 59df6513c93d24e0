#include "translate/node_match.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "translate/read_json.h"

namespace berth::translate {
namespace {

std::vector<Requirement> requirements_of(const Json& term, const char* list, bool on_name) {
  std::vector<Requirement> out;
  for (const Json& item : array_at(term, list)) {
    Requirement wants{text_at(item, "key"), text_at(item, "operator"), {}, on_name};
    for (const Json& value : array_at(item, "values")) {
      if (value.is_string()) wants.values.push_back(value.get<std::string>());
    }
    out.push_back(std::move(wants));
  }
  return out;
}

std::optional<int64_t> as_integer(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool holds(const Requirement& wants, const std::string* value) {
  const auto listed = [&] {
    return value != nullptr &&
           std::find(wants.values.begin(), wants.values.end(), *value) != wants.values.end();
  };
  if (wants.op == "In") return listed();
  if (wants.op == "NotIn") return !listed();
  if (wants.op == "Exists") return value != nullptr;
  if (wants.op == "DoesNotExist") return value == nullptr;
  if (value == nullptr || wants.values.size() != 1) return false;
  const auto have = as_integer(*value);
  const auto bound = as_integer(wants.values.front());
  if (!have || !bound) return false;
  if (wants.op == "Gt") return *have > *bound;
  return wants.op == "Lt" && *have < *bound;
}

bool tolerated(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.exists;
  if (toleration.key != taint.key) return false;
  return toleration.exists || toleration.value == taint.value;
}

}  // namespace

NodeDemands demands_of(const Json& spec) {
  NodeDemands demands;
  for (const auto& [key, value] : object_at(spec, "nodeSelector").items()) {
    if (value.is_string()) demands.selector.emplace(key, value.get<std::string>());
  }
  const Json& affinity = value_at(spec, "affinity");
  const Json& of_node = value_at(affinity, "nodeAffinity");
  const Json& required = value_at(of_node, "requiredDuringSchedulingIgnoredDuringExecution");
  demands.depth = required.is_object()   ? AffinityDepth::Required
                  : of_node.is_object()  ? AffinityDepth::NodeAffinity
                  : affinity.is_object() ? AffinityDepth::Affinity
                                         : AffinityDepth::Nothing;
  size_t place = 0;
  for (const Json& term : array_at(required, "nodeSelectorTerms")) {
    const size_t here = place++;
    std::vector<Requirement> all = requirements_of(term, "matchExpressions", false);
    for (Requirement& wants : requirements_of(term, "matchFields", true)) {
      all.push_back(std::move(wants));
    }
    if (all.empty()) continue;  // an empty term matches nothing
    demands.terms.push_back(std::move(all));
    demands.places.push_back(here);
  }
  for (const Json& item : array_at(spec, "tolerations")) {
    demands.tolerations.push_back({text_at(item, "key"), text_at(item, "value"),
                                   text_at(item, "effect"), text_at(item, "operator") == "Exists"});
  }
  return demands;
}

bool tolerates(const std::vector<Toleration>& tolerations, const std::vector<Taint>& taints) {
  return std::all_of(taints.begin(), taints.end(), [&](const Taint& taint) {
    if (taint.effect == "PreferNoSchedule") return true;
    return std::any_of(tolerations.begin(), tolerations.end(),
                       [&](const Toleration& t) { return tolerated(t, taint); });
  });
}

bool matches(const NodeDemands& demands, const std::string& node,
             const std::map<std::string, std::string>& labels) {
  const auto label = [&](const std::string& key) -> const std::string* {
    const auto at = labels.find(key);
    return at == labels.end() ? nullptr : &at->second;
  };
  for (const auto& [key, value] : demands.selector) {
    const std::string* have = label(key);
    if (have == nullptr || *have != value) return false;
  }
  if (demands.terms.empty()) return true;
  return std::any_of(demands.terms.begin(), demands.terms.end(), [&](const auto& term) {
    return std::all_of(term.begin(), term.end(), [&](const Requirement& wants) {
      return holds(wants, wants.on_name ? &node : label(wants.key));
    });
  });
}

}  // namespace berth::translate
