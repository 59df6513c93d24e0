#include "sched/policy/conflicts.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "sched/policy/match.h"
#include "sched/policy/terms.h"

namespace berth::sched {
namespace {

bool is_of_class(const WorkMatch& match, const Node& node) {
  return match.classes.empty() || match.classes.contains(node.device_class);
}

// One node that only one of them meets, for each; nothing where a node meets both.
struct Apart {
  const Node* of_a = nullptr;
  const Node* of_b = nullptr;
};
std::optional<Apart> apart(const PlacementPolicy& a, const PlacementPolicy& b,
                           const Ground& ground) {
  Apart found;
  for (const Node* node : ground.nodes) {
    if (!is_of_class(a.match, *node) || !is_of_class(b.match, *node)) continue;
    const bool meets_a = can_meet_all(a.require, *node);
    const bool meets_b = can_meet_all(b.require, *node);
    if (meets_a && meets_b) return std::nullopt;
    if (meets_a && found.of_a == nullptr) found.of_a = node;
    if (meets_b && found.of_b == nullptr) found.of_b = node;
  }
  return found;
}

std::optional<std::string> example(const PlacementPolicy& a, const PlacementPolicy& b,
                                   const Ground& ground) {
  if (a.require.empty() || b.require.empty()) return std::nullopt;
  const auto work = overlap(a.match, b.match);
  if (!work) return std::nullopt;
  if (contradict(a.require, b.require)) {
    return "for " + *work + " no node can meet both: " + text_of(a.require) + ", but " +
           text_of(b.require);
  }
  const auto nodes = apart(a, b, ground);
  if (!nodes || nodes->of_a == nullptr || nodes->of_b == nullptr) return std::nullopt;
  return "for " + *work + " no node meets both: " + nodes->of_b->id.name + " meets only " + b.name +
         ", " + nodes->of_a->id.name + " only " + a.name;
}

}  // namespace

std::vector<PolicyConflict> conflicts(std::vector<PlacementPolicy> policies, const Ground& ground) {
  std::sort(policies.begin(), policies.end(), [](const auto& a, const auto& b) {
    return std::tie(b.priority, a.name) < std::tie(a.priority, b.name);
  });
  std::vector<PolicyConflict> found;
  for (size_t high = 0; high < policies.size(); ++high) {
    for (size_t low = high + 1; low < policies.size(); ++low) {
      const PlacementPolicy& winner = policies[high];
      const PlacementPolicy& loser = policies[low];
      if (winner.is_shadow && loser.is_shadow) continue;
      if (auto text = example(winner, loser, ground)) {
        found.push_back({winner.name, loser.name, *std::move(text)});
      }
    }
  }
  return found;
}

int64_t nodes_that_meet(const PlacementPolicy& policy, const Ground& ground) {
  return std::count_if(ground.nodes.begin(), ground.nodes.end(), [&](const Node* node) {
    return is_of_class(policy.match, *node) && can_meet_all(policy.require, *node);
  });
}

}  // namespace berth::sched
