#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sched/facts.h"
#include "sched/fleet/fleet.h"
#include "sched/policy/policy.h"

namespace berth::sched {

// The nodes that policies choose among, in the order of their ids.
struct Ground {
  std::vector<NodeIndex> indexes;
  std::vector<const Node*> nodes;
};

// A policy that is not applied to some work, since nothing meets it and the higher one together.
struct Overruled {
  size_t policy = 0;
  size_t by = 0;
  bool operator==(const Overruled&) const = default;
};

// The workers of a gang over the domains of a level.
struct SpreadRule {
  std::string level;
  int64_t domains = 0;  // that have a usable node where the gang may be
};

struct AffinityRule {
  size_t policy = 0;
  const AffinityTerm* term = nullptr;
};

// One preference. `group` counts priorities, the highest first: a lower one only decides between
// nodes that are equal to all higher ones.
struct Wish {
  size_t group = 0;
  const Preference* preference = nullptr;
};

// What several policies make of work for one class, all acting together. Policies are named by
// their place in the list that they were compiled from.
struct Rules {
  std::vector<size_t> applied;
  std::vector<Overruled> overruled;
  std::optional<size_t> unmet;  // no node of the class meets it: the work has to wait
  int64_t exist = 0;            // nodes of the class
  std::vector<NodeIndex> allowed;
  // The allowed nodes by what is preferred, the best first; none when all are alike, or when it
  // depends on where other work is.
  std::vector<std::vector<NodeIndex>> ranks;
  std::vector<std::string> same;  // levels in one domain of which all workers have to be
  std::vector<std::string> prefer_same;
  std::vector<SpreadRule> spread;
  std::vector<SpreadRule> prefer_spread;
  std::vector<AffinityRule> affinities;  // required
  std::vector<Wish> wishes;              // about nodes
  bool has_live_wishes = false;          // some of them depend on where other work is

  bool is_restricted() const { return static_cast<int64_t>(allowed.size()) < exist; }
  bool depends_on_others() const { return has_live_wishes || !affinities.empty(); }
  // They say nothing: work may go anywhere, and nowhere is better.
  bool is_silent() const;
};

// Applies the policies of `matched`, ascending places in `policies`, which are sorted by
// precedence: one after the other, each if some node of the class meets it together with all before
// it. One that cannot be met together with those before, although by itself it could, is overruled;
// one that no node of the class meets by itself is unmet. Cost: O(policies x nodes).
Rules compile(const std::vector<PlacementPolicy>& policies, const std::vector<size_t>& matched,
              const DeviceClass& device_class, const Ground& ground);

// Groups nodes by the weights of the wishes that they meet, the best first; none when all are
// alike. At most kMostRanks groups, the last of which has all the rest.
inline constexpr size_t kMostRanks = 8;
using Meets = std::function<bool(const Term&, NodeIndex)>;
std::vector<std::vector<NodeIndex>> rank(const std::vector<NodeIndex>& nodes,
                                         const std::vector<Wish>& wishes, const Meets& meets);

}  // namespace berth::sched
