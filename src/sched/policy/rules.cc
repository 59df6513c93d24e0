#include "sched/policy/rules.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "sched/policy/terms.h"

namespace berth::sched {
namespace {

using Marks = std::vector<char>;  // by place in the ground

bool any(const Marks& a) {
  return std::any_of(a.begin(), a.end(), [](char mark) { return mark != 0; });
}
Marks both(const Marks& a, const Marks& b) {
  Marks made(a.size());
  for (size_t i = 0; i < a.size(); ++i) made[i] = a[i] & b[i];
  return made;
}

class Compiler {
 public:
  Compiler(const std::vector<PlacementPolicy>& policies, const DeviceClass& device_class,
           const Ground& ground)
      : policies_(policies), ground_(ground), left_(ground.nodes.size(), 1) {
    for (const Node* node : ground.nodes) of_class_.push_back(node->device_class == device_class);
  }

  Rules run(const std::vector<size_t>& matched) {
    for (const size_t policy : matched) apply(policy);
    for (size_t i = 0; i < of_class_.size(); ++i) {
      rules_.exist += of_class_[i];
      if (of_class_[i] != 0 && left_[i] != 0 && !rules_.unmet) {
        rules_.allowed.push_back(ground_.indexes[i]);
      }
    }
    for (const size_t policy : rules_.applied) collect(policies_[policy], policy);
    count_domains(rules_.spread);
    count_domains(rules_.prefer_spread);
    if (!rules_.has_live_wishes) rank_by_node();
    return std::move(rules_);
  }

 private:
  void apply(size_t policy) {
    const std::vector<Term>& require = policies_[policy].require;
    if (require.empty()) return rules_.applied.push_back(policy);
    for (const size_t higher : rules_.applied) {
      if (!contradict(policies_[higher].require, require)) continue;
      return rules_.overruled.push_back({policy, higher});
    }
    const Marks own = meeting(require);
    const Marks together = both(left_, own);
    const bool is_met = any(both(together, of_class_));
    if (!is_met && any(both(own, of_class_))) return overrule(policy, both(own, of_class_));
    if (!is_met && any(own) && !any(together)) return overrule(policy, own);
    if (!is_met && !rules_.unmet) rules_.unmet = policy;
    if (!is_met) return;
    left_ = together;
    rules_.applied.push_back(policy);
  }

  // By the first that takes the last of its nodes away.
  void overrule(size_t policy, Marks own) {
    for (const size_t higher : rules_.applied) {
      own = both(own, meeting(policies_[higher].require));
      if (!any(own)) return rules_.overruled.push_back({policy, higher});
    }
  }

  Marks meeting(const std::vector<Term>& require) const {
    Marks marks;
    marks.reserve(ground_.nodes.size());
    for (const Node* node : ground_.nodes) marks.push_back(can_meet_all(require, *node));
    return marks;
  }

  void collect(const PlacementPolicy& policy, size_t at) {
    for (const Term& term : policy.require) {
      if (const auto* domain = std::get_if<DomainTerm>(&term)) {
        add(*domain, rules_.same, rules_.spread);
      } else if (const auto* affinity = std::get_if<AffinityTerm>(&term)) {
        rules_.affinities.push_back({at, affinity});
      }
    }
    for (const Preference& preference : policy.prefer) {
      if (const auto* domain = std::get_if<DomainTerm>(&preference.term)) {
        add(*domain, rules_.prefer_same, rules_.prefer_spread);
        continue;
      }
      if (rules_.wishes.empty()) {
        group_ = {policy.priority, 0};
      } else if (policy.priority != group_.first) {
        group_ = {policy.priority, group_.second + 1};
      }
      rules_.wishes.push_back({group_.second, &preference});
      const bool is_live = std::holds_alternative<AffinityTerm>(preference.term);
      rules_.has_live_wishes = rules_.has_live_wishes || is_live;
    }
  }

  static void add(const DomainTerm& domain, std::vector<std::string>& same,
                  std::vector<SpreadRule>& spread) {
    const auto is_it = [&](const SpreadRule& rule) { return rule.level == domain.level; };
    if (std::find(same.begin(), same.end(), domain.level) != same.end()) return;
    if (std::any_of(spread.begin(), spread.end(), is_it)) return;
    if (domain.is_spread) {
      spread.push_back({domain.level, 0});
    } else {
      same.push_back(domain.level);
    }
  }

  void count_domains(std::vector<SpreadRule>& rules) const {
    for (SpreadRule& rule : rules) {
      std::set<std::string> domains;
      for (size_t i = 0; i < of_class_.size(); ++i) {
        const Node& node = *ground_.nodes[i];
        if (of_class_[i] == 0 || left_[i] == 0 || !node.usable || node.devices == 0) continue;
        domains.insert(domain_of(node, rule.level));
      }
      domains.erase(std::string());
      rule.domains = static_cast<int64_t>(domains.size());
    }
  }

  void rank_by_node() {
    if (rules_.wishes.empty()) return;
    std::map<NodeIndex, const Node*> nodes;
    for (size_t i = 0; i < of_class_.size(); ++i) nodes[ground_.indexes[i]] = ground_.nodes[i];
    rules_.ranks = rank(rules_.allowed, rules_.wishes, [&](const Term& term, NodeIndex node) {
      return can_meet(term, *nodes.at(node));
    });
  }

  const std::vector<PlacementPolicy>& policies_;
  const Ground& ground_;
  Marks of_class_;
  Marks left_;  // nodes of any class that meet all that is applied
  Rules rules_;
  std::pair<int64_t, size_t> group_;  // the priority of the last wish, and its group
};

}  // namespace

bool Rules::is_silent() const {
  return !unmet && !is_restricted() && wishes.empty() && same.empty() && prefer_same.empty() &&
         spread.empty() && prefer_spread.empty() && affinities.empty();
}

Rules compile(const std::vector<PlacementPolicy>& policies, const std::vector<size_t>& matched,
              const DeviceClass& device_class, const Ground& ground) {
  return Compiler(policies, device_class, ground).run(matched);
}

std::vector<std::vector<NodeIndex>> rank(const std::vector<NodeIndex>& nodes,
                                         const std::vector<Wish>& wishes, const Meets& meets) {
  if (wishes.empty()) return {};
  std::map<std::vector<int64_t>, std::vector<NodeIndex>, std::greater<>> by_score;
  for (const NodeIndex node : nodes) {
    std::vector<int64_t> score(wishes.back().group + 1, 0);
    for (const Wish& wish : wishes) {
      if (meets(wish.preference->term, node)) score[wish.group] += wish.preference->weight;
    }
    by_score[std::move(score)].push_back(node);
  }
  std::vector<std::vector<NodeIndex>> ranks;
  if (by_score.size() < 2) return ranks;
  for (auto& [score, members] : by_score) {
    if (ranks.size() < kMostRanks) {
      ranks.push_back(std::move(members));
    } else {
      ranks.back().insert(ranks.back().end(), members.begin(), members.end());
    }
  }
  return ranks;
}

}  // namespace berth::sched
