#include "sched/core/shadow.h"

#include <algorithm>
#include <set>

#include "sched/policy/terms.h"

namespace berth::sched {
namespace {

// The workers' domains of a level.
std::map<std::string, int64_t> domains_of(World& world, const std::string& level,
                                          const std::vector<Spot>& spots) {
  std::map<std::string, int64_t> domains;
  for (const Spot& spot : spots) ++domains[world.topology().value(spot.node, level)];
  return domains;
}

}  // namespace

void Shadow::compare(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
  if (notes_ == nullptr || world_.policies().shadows().empty()) return;
  if (compared_ == kMostCompared || spots.empty()) return;
  ++compared_;
  for (const size_t shadow : world_.policies().shadows()) {
    const PlacementPolicy& policy = world_.policies().policies()[shadow];
    if (!matches(policy.match, view_of(ask, wants))) continue;
    std::string text = difference(shadow, ask, wants, spots);
    if (!text.empty()) notes_->divergences.push_back({policy.name, ask.name, std::move(text)});
  }
}

std::string Shadow::difference(size_t shadow, const Ask& ask, const Alternative& wants,
                               const std::vector<Spot>& spots) {
  const PlacementPolicy& policy = world_.policies().policies()[shadow];
  const Rules& rules = world_.policies().rules_with(shadow, view_of(ask, wants));
  const bool is_overruled =
      std::any_of(rules.overruled.begin(), rules.overruled.end(),
                  [&](const Overruled& overruled) { return overruled.policy == shadow; });
  if (is_overruled) return {};
  if (rules.unmet == shadow) {
    return "would wait: no node of class " + wants.device_class + " meets " +
           text_of(policy.require);
  }
  std::string text = forbidden(policy, rules, ask, spots);
  return text.empty() ? better(rules, spots) : text;
}

std::string Shadow::forbidden(const PlacementPolicy& policy, const Rules& rules, const Ask& ask,
                              const std::vector<Spot>& spots) {
  for (const Term& term : policy.require) {
    for (const Spot& spot : spots) {
      const auto* affinity = std::get_if<AffinityTerm>(&term);
      const bool is_met =
          can_meet(term, *world_.node(spot.node)) &&
          (affinity == nullptr || steering_.is_met(*affinity, ask.labels, spot.node));
      if (is_met) continue;
      return "is on " + world_.fleet().facts(spot.node).id.name + ", which is not " + text_of(term);
    }
    const auto* domain = std::get_if<DomainTerm>(&term);
    if (domain == nullptr || spots.size() < 2) continue;
    const auto domains = domains_of(world_, domain->level, spots);
    if (!domain->is_spread && domains.size() > 1) {
      return "is in " + std::to_string(domains.size()) + " domains of " + domain->level;
    }
    for (const SpreadRule& rule : rules.spread) {
      if (rule.level != domain->level) continue;
      const auto most = std::max_element(domains.begin(), domains.end(),
                                         [](auto& a, auto& b) { return a.second < b.second; });
      const int64_t even = (static_cast<int64_t>(spots.size()) + rule.domains - 1) /
                           std::max<int64_t>(1, rule.domains);
      if (most->second <= even) continue;
      return "has " + std::to_string(most->second) + " workers in " + domain->level + " " +
             most->first + ", at most " + std::to_string(even) + " if spread";
    }
  }
  return {};
}

// A node of a better rank that has room although the work is placed.
std::string Shadow::better(const Rules& rules, const std::vector<Spot>& spots) {
  for (const Spot& spot : spots) {
    for (const std::vector<NodeIndex>& rank : rules.ranks) {
      if (std::find(rank.begin(), rank.end(), spot.node) != rank.end()) break;
      const auto node = world_.fleet().best_among(spot.shape, rank);
      if (!node) continue;
      return "is on " + world_.fleet().facts(spot.node).id.name + ", would rather be on " +
             world_.fleet().facts(*node).id.name;
    }
  }
  return {};
}

void Shadow::note_overruled(const Ask& ask, const Alternative& wants) {
  if (notes_ == nullptr || steering_.is_idle()) return;
  const Rules& rules = world_.policies().rules_for(view_of(ask, wants));
  const auto& policies = world_.policies().policies();
  for (const Overruled& overruled : rules.overruled) {
    notes_->overruled.try_emplace({policies[overruled.policy].name, policies[overruled.by].name},
                                  ask.name);
  }
}

}  // namespace berth::sched
