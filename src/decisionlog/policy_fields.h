#pragma once
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

#include "decisionlog/fields.h"
#include "sched/policy/match.h"
#include "sched/policy/policy.h"

// As fields.h, for placement policies. A term is an object with one member, named after its sort.
namespace berth::decisionlog {

void describe(auto& v, Of<sched::Traits> auto& traits) {
  auto& [name_space, labels] = traits;
  v("namespace", name_space);
  v("labels", labels);
}

void describe(auto& v, Of<sched::LabelTerm> auto& term) {
  auto& [key, comparison, values] = term;
  v("key", key);
  v("comparison", comparison);
  v("values", values);
}

void describe(auto& v, Of<sched::ClassTerm> auto& term) {
  auto& [classes] = term;
  v("classes", classes);
}

void describe(auto& v, Of<sched::PriceTerm> auto& term) {
  auto& [most_micro_usd_per_device_hour] = term;
  v("most_micro_usd_per_device_hour", most_micro_usd_per_device_hour);
}

void describe(auto& v, Of<sched::DomainTerm> auto& term) {
  auto& [level, is_spread] = term;
  v("level", level);
  v("spread", is_spread);
}

void describe(auto& v, Of<sched::AffinityTerm> auto& term) {
  auto& [labels, level, is_away, match_label_keys] = term;
  v("labels", labels);
  v("level", level);
  v("away", is_away);
  v("match_label_keys", match_label_keys);
}

template <class T>
void describe_case(auto& v, std::string_view name, auto& variant) {
  std::optional<T> value;
  if (const T* held = std::get_if<T>(&variant)) value = *held;
  v(name, value);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(variant)>>) {
    if (value) variant = *value;
  }
}

void describe(auto& v, Of<sched::Term> auto& term) {
  describe_case<sched::LabelTerm>(v, "label", term);
  describe_case<sched::ClassTerm>(v, "class", term);
  describe_case<sched::PriceTerm>(v, "price", term);
  describe_case<sched::DomainTerm>(v, "domain", term);
  describe_case<sched::AffinityTerm>(v, "affinity", term);
}

void describe(auto& v, Of<sched::Preference> auto& preference) {
  auto& [term, weight] = preference;
  v("term", term);
  v("weight", weight);
}

void describe(auto& v, Of<sched::WorkMatch> auto& match) {
  auto& [namespaces, tiers, labels, classes, min_devices] = match;
  v("namespaces", namespaces);
  v("tiers", tiers);
  v("labels", labels);
  v("classes", classes);
  v("min_devices", min_devices);
}

void describe(auto& v, Of<sched::PlacementPolicy> auto& policy) {
  auto& [name, priority, match, require, prefer, is_shadow] = policy;
  v("name", name);
  v("priority", priority);
  v("match", match);
  v("require", require);
  v("prefer", prefer);
  v("shadow", is_shadow);
}

}  // namespace berth::decisionlog
