#include "sched/quota/reclaim.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

namespace berth::sched {
namespace {

__extension__ using Wide = __int128;

}  // namespace

// The nodes above the ask by depth, and their use as if it were admitted.
struct Reclaim::Path {
  std::vector<Node> nodes;
  std::vector<int64_t> usage;
  size_t claim = 0;  // s(a)
};

struct Reclaim::Fork {
  size_t depth = 0;  // of l
  Node x = 0;
  Node y = 0;
};

// The order in which victims are taken.
struct Reclaim::Key {
  ReclaimRule rule;
  size_t claim;
  bool is_elsewhere;  // than the ask prefers
  bool is_within;     // somewhere below y its side is within its guarantees
  Share less_of_y;    // negative shares, so that the largest comes first
  Share less_of_leaf;
  int64_t lost_work;
  int64_t earlier;  // negative instant of admission
  size_t holding;
  auto operator<=>(const Key&) const = default;
};

Reclaim::Reclaim(QuotaTree& tree, const FairShare& fair, std::vector<Holding> holdings)
    : tree_(tree), fair_(fair), holdings_(std::move(holdings)), is_held_(holdings_.size(), true) {
  for (size_t at = 0; at < holdings_.size(); ++at) {
    enter(at);
  }
}

void Reclaim::enter(size_t at) {
  const Holding& held = holdings_[at];
  by_leaf_[{held.device_class, held.leaf}].push_back(at);
  for (const Holding::Part& part : held.in) by_leaf_[{part.column, held.leaf}].push_back(at);
}

const std::vector<size_t>& Reclaim::claims() {
  if (claims_.size() == holdings_.size()) return claims_;
  if (by_age_.size() != holdings_.size()) by_age_ = oldest_first(holdings_);
  std::vector<size_t> held;
  std::copy_if(by_age_.begin(), by_age_.end(), std::back_inserter(held),
               [&](size_t at) { return is_held_[at]; });
  regional_.clear();
  if (tree_.has_regions()) {
    for (const size_t at : held) {
      for (const Holding::Part& part : holdings_[at].in) regional_[part.column];
    }
    for (auto& [column, claims] : regional_) {
      claims = claim_depths(tree_, holdings_, held, column);
    }
    std::stable_sort(held.begin(), held.end(), [&](size_t a, size_t b) {
      return regional_claim(holdings_[a], a) > regional_claim(holdings_[b], b);
    });
  }
  claims_ = claim_depths(tree_, holdings_, std::move(held));
  alike_.clear();
  return claims_;
}

// The weakest of its parts; of one that is not in such columns with all of it: none.
size_t Reclaim::regional_claim(const Holding& held, size_t at) const {
  if (held.in.empty()) return 0;
  size_t least = std::numeric_limits<size_t>::max();
  int64_t devices = 0;
  for (const Holding::Part& part : held.in) {
    least = std::min(least, regional_.at(part.column)[at]);
    devices += part.devices;
  }
  return devices < held.devices ? 0 : least;
}

size_t Reclaim::claim_in(QuotaTree::Class column, size_t holding) const {
  return column == holdings_[holding].device_class ? claims_[holding]
                                                   : regional_.at(column)[holding];
}

size_t Reclaim::claim_elsewhere(QuotaTree::Class column, size_t holding) const {
  const Holding& held = holdings_[holding];
  return column == held.device_class ? regional_claim(held, holding) : claims_[holding];
}

bool Reclaim::is_kept(QuotaTree::Class column, size_t elsewhere, const Fork& fork,
                      ReclaimRule rule) const {
  const bool is_regional = tree_.base(column) != column;
  if (is_regional && rule == ReclaimRule::Guarantee) return false;
  return elsewhere > fork.depth;
}

const std::vector<Reclaim::Alike>& Reclaim::alike(QuotaTree::Class of, Node leaf) {
  claims();
  const auto [at, is_new] = alike_.try_emplace({of, leaf});
  if (!is_new) return at->second;
  std::map<std::tuple<size_t, int64_t, size_t>, std::vector<size_t>> found;
  for (const size_t holding : by_leaf_.at({of, leaf})) {
    const Holding& held = holdings_[holding];
    if (!is_held_[holding] || !held.may_be_taken) continue;
    found[{claim_in(of, holding), held.devices_in(of), claim_elsewhere(of, holding)}].push_back(
        holding);
  }
  for (auto& [key, holdings] : found) {
    const auto& [claim, devices, elsewhere] = key;
    at->second.push_back({claim, devices, elsewhere, std::move(holdings)});
  }
  return at->second;
}

size_t Reclaim::claim_of(size_t holding) { return claims()[holding]; }

Reclaim::Path Reclaim::path_of(const Ask& ask) const {
  const size_t depth = tree_.depth(ask.leaf);
  Path path{std::vector<Node>(depth + 1), std::vector<int64_t>(depth + 1)};
  int64_t more = ask.devices;
  Node node = ask.leaf;
  for (size_t at = depth + 1; at-- > 0; node = tree_.parent(node)) {
    path.nodes[at] = node;
    path.usage[at] = tree_.usage(node, ask.device_class) + more;
    if (path.claim == 0 && path.usage[at] <= tree_.subtree(node, ask.device_class)) path.claim = at;
    more = tree_.bubbles(node, ask.device_class, more);
  }
  return path;
}

Reclaim::Fork Reclaim::fork_of(const Ask& ask, Node leaf) const {
  const size_t depth = tree_.depth(tree_.meet(ask.leaf, leaf));
  return {depth, tree_.ancestor(ask.leaf, depth + 1), tree_.ancestor(leaf, depth + 1)};
}

// `less`: by how much the usage of y shrinks from now.
bool Reclaim::is_fair(const Path& path, const Fork& fork, QuotaTree::Class of, int64_t less) const {
  const int64_t now = tree_.usage(fork.x, of);
  const int64_t with = path.usage[fork.depth + 1];
  const int64_t x = with - tree_.subtree(fork.x, of);
  const int64_t y = tree_.usage(fork.y, of) - less - tree_.subtree(fork.y, of);
  if (Wide{x} * tree_.weight(fork.y) > Wide{y} * tree_.weight(fork.x)) return false;
  return fair_.borrowed(fork.x, of, with - now) <= fair_.borrowed(fork.y, of, -less);
}

// Of any one of them: as the tree is now, with the victims before this one taken.
std::optional<ReclaimRule> Reclaim::rule_for(const Ask& ask, const Path& path, const Fork& fork,
                                             Node leaf, const Alike& victims) const {
  const QuotaTree::Class of = ask.device_class;
  if (victims.claim > fork.depth || tree_.usage(fork.y, of) <= tree_.subtree(fork.y, of)) {
    return std::nullopt;
  }
  if (path.usage[fork.depth + 1] <= tree_.subtree(fork.x, of)) {
    if (is_kept(of, victims.elsewhere, fork, ReclaimRule::Guarantee)) return std::nullopt;
    return ReclaimRule::Guarantee;
  }
  if (victims.claim > path.claim) return std::nullopt;
  if (is_kept(of, victims.elsewhere, fork, ReclaimRule::FairShare)) return std::nullopt;
  int64_t more = -victims.devices;
  for (Node node = leaf; node != fork.y; node = tree_.parent(node)) {
    more = tree_.bubbles(node, of, more);
  }
  if (!is_fair(path, fork, of, -more)) return std::nullopt;
  return ReclaimRule::FairShare;
}

// In no order. Victims meet the ask at `least_depth` or deeper; those for whom a node on its path
// would shrink, which judge() would not let pass, have at most `may_lose` devices.
std::vector<Reclaim::Key> Reclaim::eligible(const Ask& ask, size_t least_depth, int64_t may_lose) {
  const Path path = path_of(ask);
  const QuotaTree::Class of = ask.device_class;
  std::vector<Key> keys;
  for (auto at = by_leaf_.lower_bound({of, 0}); at != by_leaf_.end() && at->first.first == of;
       ++at) {
    const Node leaf = at->first.second;
    if (leaf == ask.leaf) continue;
    const Fork fork = fork_of(ask, leaf);
    if (fork.depth < least_depth) continue;
    if (tree_.usage(fork.y, of) <= tree_.subtree(fork.y, of)) continue;
    // Who has no right to anything of y as it is has none to what is left of it.
    const bool is_own = path.usage[fork.depth + 1] <= tree_.subtree(fork.x, of);
    if (!is_own && !is_fair(path, fork, of, 0)) continue;
    bool is_within = false;
    for (Node node = leaf; node != fork.y; node = tree_.parent(node)) {
      if (tree_.usage(node, of) <= tree_.subtree(node, of)) is_within = true;
    }
    const Share of_y = fair_.borrowed(fork.y);
    const Share of_leaf = fair_.borrowed(leaf);
    for (const Alike& victims : alike(of, leaf)) {
      const auto rule = rule_for(ask, path, fork, leaf, victims);
      if (!rule) continue;
      const bool lowers_l = *rule == ReclaimRule::FairShare && fork.depth > path.claim;
      if (lowers_l && victims.claim == path.claim && victims.devices > may_lose) continue;
      for (const size_t holding : victims.holdings) {
        const Holding& held = holdings_[holding];
        const bool is_elsewhere = ask.prefers && held.devices_in(*ask.prefers) == 0;
        keys.push_back({*rule, victims.claim, is_elsewhere, is_within, -of_y, -of_leaf,
                        held.lost_work, -held.admitted, holding});
      }
    }
  }
  return keys;
}

std::vector<Reclaimable> Reclaim::candidates(const Ask& ask) {
  std::vector<Key> keys = eligible(ask, 0, ask.devices);
  std::sort(keys.begin(), keys.end());
  std::vector<Reclaimable> victims;
  victims.reserve(keys.size());
  for (const Key& key : keys) victims.push_back({key.holding, key.rule});
  return victims;
}

bool Reclaim::has_nobody_for_more(const Ask& ask) { return eligible(ask, 0, kUnlimited).empty(); }

std::map<QuotaTree::Node, int64_t> Reclaim::reclaimable(const Ask& ask) {
  std::map<Node, int64_t> devices;
  for (const Reclaimable& victim : candidates(ask)) {
    const Holding& held = holdings_[victim.holding];
    devices[held.leaf] += held.devices_in(ask.device_class);
  }
  return devices;
}

void Reclaim::use(const std::vector<size_t>& victims, int64_t sign) {
  for (const size_t at : victims) {
    const Holding& held = holdings_[at];
    tree_.use(held.leaf, held.device_class, sign * held.devices);
    for (const Holding::Part& part : held.in) {
      tree_.use(held.leaf, part.column, sign * part.devices);
    }
  }
}

ReclaimFault Reclaim::can_be_taken(const Ask& ask, const std::vector<size_t>& victims) const {
  std::set<size_t> seen;
  for (const size_t at : victims) {
    const Holding& held = holdings_[at];
    if (!is_held_[at] || !held.may_be_taken || held.devices_in(ask.device_class) == 0 ||
        !seen.insert(at).second) {
      return ReclaimFault::NotHeld;
    }
    if (held.leaf == ask.leaf) return ReclaimFault::OwnTenant;
  }
  return ReclaimFault::Nothing;
}

ReclaimFault Reclaim::judge(const Ask& ask, const std::vector<size_t>& victims) {
  const ReclaimFault fault = can_be_taken(ask, victims);
  if (fault != ReclaimFault::Nothing) return fault;
  claims();
  Ask nothing = ask;
  nothing.devices = 0;
  const Path before = path_of(nothing);
  use(victims, -1);
  const ReclaimFault found = judge_taken(ask, before, victims);
  use(victims, 1);
  return found;
}

// Whether some order of y's victims finds y over its guarantees before the last of them.
bool Reclaim::is_over_before_last(const Fork& fork, const Ask& ask,
                                  const std::vector<size_t>& victims) {
  const QuotaTree::Class of = ask.device_class;
  return std::any_of(victims.begin(), victims.end(), [&](size_t last) {
    if (fork_of(ask, holdings_[last].leaf).y != fork.y) return false;
    use({last}, 1);
    const bool is_over = tree_.usage(fork.y, of) > tree_.subtree(fork.y, of);
    use({last}, -1);
    return is_over;
  });
}

ReclaimFault Reclaim::judge_taken(const Ask& ask, const Path& before,
                                  const std::vector<size_t>& victims) {
  const QuotaTree::Class of = ask.device_class;
  if (tree_.available(ask.leaf, of).devices < ask.devices) return ReclaimFault::TooLittle;
  const Path after = path_of(ask);
  bool evens_out = false;  // claims as strong as the ask's own
  for (const size_t at : victims) {
    const Fork fork = fork_of(ask, holdings_[at].leaf);
    const size_t claim = claim_in(of, at);
    if (claim > fork.depth) return ReclaimFault::Covered;
    const int64_t x = after.usage[fork.depth + 1];
    const bool is_own = x <= tree_.subtree(fork.x, of);
    const ReclaimRule rule = is_own ? ReclaimRule::Guarantee : ReclaimRule::FairShare;
    if (is_kept(of, claim_elsewhere(of, at), fork, rule)) return ReclaimFault::Covered;
    if (is_own) {
      if (!is_over_before_last(fork, ask, victims)) return ReclaimFault::TooMany;
      continue;
    }
    if (claim > after.claim) return ReclaimFault::Covered;
    if (!is_fair(after, fork, of, 0)) return ReclaimFault::Unfair;
    if (claim < after.claim) continue;
    evens_out = true;
    if (x <= before.usage[fork.depth + 1]) return ReclaimFault::LosesDevices;
  }
  for (size_t depth = after.claim + 1; evens_out && depth < after.usage.size(); ++depth) {
    if (after.usage[depth] < before.usage[depth]) return ReclaimFault::LosesDevices;
  }
  return ReclaimFault::Nothing;
}

// From the last, which was the least fit to be taken.
void Reclaim::drop_needless(const Ask& ask, std::vector<size_t>& victims) {
  for (size_t at = victims.size(); at-- > 0;) {
    std::vector<size_t> others = victims;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(at));
    if (judge(ask, others) == ReclaimFault::Nothing) victims = std::move(others);
  }
}

std::optional<std::vector<size_t>> Reclaim::plan(const Ask& ask, const std::vector<size_t>& gone) {
  claims();
  std::vector<size_t> victims;
  std::set<size_t> is_chosen(gone.begin(), gone.end());
  int64_t may_lose = ask.devices;
  for (;;) {
    const QuotaTree::Available left = tree_.available(ask.leaf, ask.device_class);
    if (left.devices >= ask.devices) break;
    std::vector<Key> keys = eligible(ask, tree_.depth(left.at), may_lose);
    std::erase_if(keys, [&](const Key& key) { return is_chosen.contains(key.holding); });
    const auto best = std::min_element(keys.begin(), keys.end());
    if (best == keys.end()) {
      use(victims, 1);
      return std::nullopt;
    }
    const Holding& held = holdings_[best->holding];
    if (best->rule == ReclaimRule::FairShare && fork_of(ask, held.leaf).depth > best->claim) {
      may_lose -= held.devices_in(ask.device_class);
    }
    victims.push_back(best->holding);
    is_chosen.insert(best->holding);
    use({best->holding}, -1);
  }
  use(victims, 1);
  if (judge(ask, victims) != ReclaimFault::Nothing) return std::nullopt;
  drop_needless(ask, victims);
  return victims;
}

void Reclaim::take(const std::vector<size_t>& victims) {
  use(victims, -1);
  for (const size_t at : victims) {
    is_held_[at] = false;
    const Holding& held = holdings_[at];
    std::erase(by_leaf_[{held.device_class, held.leaf}], at);
    for (const Holding::Part& part : held.in) std::erase(by_leaf_[{part.column, held.leaf}], at);
  }
  claims_.clear();
}

size_t Reclaim::admit(Holding holding) {
  const size_t at = holdings_.size();
  holdings_.push_back(std::move(holding));
  enter(at);
  is_held_.push_back(true);
  if (by_age_.size() == at) {
    const auto is_older = [&](size_t a, size_t b) {
      return std::tie(holdings_[a].admitted, holdings_[a].id, a) <
             std::tie(holdings_[b].admitted, holdings_[b].id, b);
    };
    by_age_.insert(std::upper_bound(by_age_.begin(), by_age_.end(), at, is_older), at);
  }
  use({at}, 1);
  claims_.clear();
  return at;
}

}  // namespace berth::sched
