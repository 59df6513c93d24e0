#include "sched/policy/terms.h"

#include <algorithm>
#include <charconv>

#include "sched/place/topology.h"

namespace berth::sched {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

bool holds(const LabelTerm& term, const Node& node) {
  const auto at = node.labels.find(term.key);
  const bool is_there = at != node.labels.end();
  switch (term.comparison) {
    case Comparison::In: return is_there && term.values.contains(at->second);
    case Comparison::NotIn: return !is_there || !term.values.contains(at->second);
    case Comparison::Exists: return is_there;
    case Comparison::DoesNotExist: return !is_there;
  }
  __builtin_unreachable();
}

bool holds(const PriceTerm& term, const Node& node) {
  const auto at = node.labels.find(kPriceLabel);
  if (at == node.labels.end()) return false;
  int64_t price = 0;
  const char* end = at->second.data() + at->second.size();
  const auto [stop, error] = std::from_chars(at->second.data(), end, price);
  return error == std::errc() && stop == end && price <= term.most_micro_usd_per_device_hour;
}

bool are_disjoint(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::none_of(a.begin(), a.end(), [&](const auto& value) { return b.contains(value); });
}

// In and Exists need the label, DoesNotExist its absence; NotIn only takes values away.
bool contradict(const LabelTerm& a, const LabelTerm& b) {
  if (a.key != b.key) return false;
  const auto needs = [](const LabelTerm& term) {
    return term.comparison == Comparison::In || term.comparison == Comparison::Exists;
  };
  if (a.comparison == Comparison::DoesNotExist) return needs(b);
  if (b.comparison == Comparison::DoesNotExist) return needs(a);
  if (a.comparison == Comparison::In && b.comparison == Comparison::In) {
    return are_disjoint(a.values, b.values);
  }
  const auto is_emptied = [](const LabelTerm& in, const LabelTerm& not_in) {
    return in.comparison == Comparison::In && not_in.comparison == Comparison::NotIn &&
           std::includes(not_in.values.begin(), not_in.values.end(), in.values.begin(),
                         in.values.end());
  };
  return is_emptied(a, b) || is_emptied(b, a);
}

std::string list(const std::set<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

std::string label_text(const LabelTerm& term) {
  switch (term.comparison) {
    case Comparison::In: return term.key + " in " + list(term.values);
    case Comparison::NotIn: return term.key + " not in " + list(term.values);
    case Comparison::Exists: return "has " + term.key;
    case Comparison::DoesNotExist: return "has no " + term.key;
  }
  __builtin_unreachable();
}

std::string affinity_text(const AffinityTerm& term) {
  std::string labels;
  for (const auto& [key, value] : term.labels) {
    if (!labels.empty()) labels += ',';
    labels.append(key).append("=").append(value);
  }
  for (const std::string& key : term.match_label_keys) {
    labels.append(labels.empty() ? "the same " : ",the same ").append(key);
  }
  const std::string work = labels.empty() ? "other work" : "work with " + labels;
  return (term.is_away ? "away from " : "with ") + work + " by " + term.level;
}

}  // namespace

const std::string& domain_of(const Node& node, const std::string& level) {
  static const std::string kNone;
  const auto at = node.labels.find(level);
  if (at != node.labels.end()) return at->second;
  return level == kHostLevel ? node.id.name : kNone;
}

bool can_meet(const Term& term, const Node& node) {
  return std::visit(
      Overloaded{[&](const LabelTerm& label) { return holds(label, node); },
                 [&](const ClassTerm& in) { return in.classes.contains(node.device_class); },
                 [&](const PriceTerm& price) { return holds(price, node); },
                 [&](const auto& at) { return !domain_of(node, at.level).empty(); }},
      term);
}

bool can_meet_all(const std::vector<Term>& terms, const Node& node) {
  return std::all_of(terms.begin(), terms.end(),
                     [&](const Term& term) { return can_meet(term, node); });
}

bool contradict(const Term& a, const Term& b) {
  const auto* label = std::get_if<LabelTerm>(&a);
  const auto* other_label = std::get_if<LabelTerm>(&b);
  if (label != nullptr && other_label != nullptr) return contradict(*label, *other_label);
  const auto* in = std::get_if<ClassTerm>(&a);
  const auto* other_in = std::get_if<ClassTerm>(&b);
  if (in != nullptr && other_in != nullptr) return are_disjoint(in->classes, other_in->classes);
  const auto* domain = std::get_if<DomainTerm>(&a);
  const auto* other_domain = std::get_if<DomainTerm>(&b);
  if (domain == nullptr || other_domain == nullptr) return false;
  return domain->level == other_domain->level && domain->is_spread != other_domain->is_spread;
}

bool contradict(const std::vector<Term>& a, const std::vector<Term>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Term& one) {
    return std::any_of(b.begin(), b.end(),
                       [&](const Term& other) { return contradict(one, other); });
  });
}

std::string text_of(const Term& term) {
  return std::visit(
      Overloaded{[](const LabelTerm& label) { return label_text(label); },
                 [](const ClassTerm& in) { return "class in " + list(in.classes); },
                 [](const PriceTerm& price) {
                   return "at most " + std::to_string(price.most_micro_usd_per_device_hour) +
                          " micro-USD per device-hour";
                 },
                 [](const DomainTerm& domain) {
                   return (domain.is_spread ? "spread over " : "in one domain of ") + domain.level;
                 },
                 [](const AffinityTerm& affinity) { return affinity_text(affinity); }},
      term);
}

std::string text_of(const std::vector<Term>& terms) {
  std::string text;
  for (const Term& term : terms) text += (text.empty() ? "" : " and ") + text_of(term);
  return text;
}

}  // namespace berth::sched
