#include "translate/policies.h"

namespace berth::translate {
namespace {

template <class T>
std::set<T> set_of(const std::vector<T>& list) {
  return {list.begin(), list.end()};
}

sched::Comparison comparison_of(api::Operator op) {
  switch (op) {
    case api::Operator::In: return sched::Comparison::In;
    case api::Operator::NotIn: return sched::Comparison::NotIn;
    case api::Operator::Exists: return sched::Comparison::Exists;
    case api::Operator::DoesNotExist: return sched::Comparison::DoesNotExist;
  }
  __builtin_unreachable();
}

sched::Term one_of(const char* label, const std::vector<std::string>& values) {
  return sched::LabelTerm{label, sched::Comparison::In, set_of(values)};
}

// Capacity of which nobody says that it may be taken away stays.
sched::Term interruptible(bool wanted) {
  return sched::LabelTerm{sched::kInterruptibleLabel,
                          wanted ? sched::Comparison::In : sched::Comparison::NotIn,
                          {"true"}};
}

sched::Term term_of(const api::PlacementTerm& term) {
  if (term.node_label) {
    return sched::LabelTerm{term.node_label->key, comparison_of(term.node_label->op),
                            set_of(term.node_label->values)};
  }
  if (!term.classes.empty()) return sched::ClassTerm{set_of(term.classes)};
  if (!term.pools.empty()) return one_of(sched::kPoolLabel, term.pools);
  if (!term.regions.empty()) return one_of(sched::kRegionLabel, term.regions);
  if (term.max_micro_usd_per_device_hour) {
    return sched::PriceTerm{*term.max_micro_usd_per_device_hour};
  }
  if (term.interruptible) return interruptible(*term.interruptible);
  const auto is_spread = [](const api::DomainTerm& domain) {
    return domain.mode == api::Spread::Spread;
  };
  if (term.domain) return sched::DomainTerm{term.domain->level, is_spread(*term.domain)};
  if (!term.affinity) return sched::ClassTerm{};  // asks for nothing: no node will do
  return sched::AffinityTerm{term.affinity->labels, term.affinity->domain.level,
                             is_spread(term.affinity->domain),
                             set_of(term.affinity->match_label_keys)};
}

}  // namespace

sched::PlacementPolicy policy_of(const api::PlacementPolicy& policy) {
  sched::PlacementPolicy made{.name = policy.meta.name,
                              .priority = policy.spec.priority,
                              .match = {.namespaces = set_of(policy.spec.match.namespaces),
                                        .tiers = set_of(policy.spec.match.tiers),
                                        .labels = policy.spec.match.labels,
                                        .classes = set_of(policy.spec.match.classes),
                                        .min_devices = policy.spec.match.min_devices.value_or(0)},
                              .is_shadow = policy.spec.mode == api::PolicyMode::Shadow};
  for (const api::PlacementTerm& term : policy.spec.require) made.require.push_back(term_of(term));
  for (const api::Preference& preference : policy.spec.prefer) {
    made.prefer.push_back({term_of(preference.term), preference.weight});
  }
  return made;
}

}  // namespace berth::translate
