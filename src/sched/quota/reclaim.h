#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "sched/quota/claim.h"
#include "sched/quota/fair_share.h"

namespace berth::sched {

// Why an ask may take from a tenant.
enum class ReclaimRule {
  Guarantee,  // what it wants is within the guarantees on its side, and lent out
  FairShare,  // both borrow, and the victim's tenant still has the larger share afterwards
};

struct Reclaimable {
  size_t holding = 0;  // index into Reclaim::holdings()
  ReclaimRule rule = ReclaimRule::Guarantee;
  bool operator==(const Reclaimable&) const = default;
};

// What a plan of evictions breaks; Nothing is the only one that may be carried out.
enum class ReclaimFault {
  Nothing,
  NotHeld,       // a victim is gone, named twice, of another class, or may not be taken
  OwnTenant,     // a victim of the same leaf: a matter of priorities, not of quotas
  TooLittle,     // the tree still refuses the ask
  Covered,       // the guarantees of the victim's side cover it
  TooMany,       // the victim's side is within its guarantees before the last one is taken
  Unfair,        // the ask would have the larger share
  LosesDevices,  // a group that both are in would use less than before, only to shift shares
};

// Returns what is lent out to whom it belongs, and evens out what is borrowed.
//
// The ask a of leaf A wants n devices of a class from the victim w of leaf V. Let l be the lowest
// node above both, x and y its children towards A and V, and usage'(.) the use after the whole plan
// and with a admitted. The tree's own claim for a is the depth s(a) of the deepest node on its path
// with usage' <= subtree; s(w) is that of claim.h, before the plan. Then w may be taken when
//
//   s(w) <= depth(l), so nothing that the guarantees at or below y cover, and
//   Guarantee: usage'(x) <= subtree(x), and before the last one of y is taken usage(y) >
//   subtree(y); FairShare: usage'(x) > subtree(x), s(w) <= s(a), and
//              (usage' - subtree) / weight of x <= that of y, for the class (exactly) and for the
//              dominant share of all classes. If s(w) = s(a), the plan also lowers the usage of no
//              node on a's path below depth s(a), and raises x.
//
// Guarantees are always obtainable. Let usage'(x) <= subtree(x) for a node x on a's path, whose
// limits below x allow a. Take all work of Guarantee's kind beside x and beside the nodes above x.
// By (1) of claim.h each sibling y is left with usage(y) <= subtree(y), so the parent l of x has
// usage'(l) <= sum over its children of subtree - local, + guaranteed(l) = subtree(l); and so on up
// to the pool: no limit at or above x refuses. It holds for a leaf and for any inner node, and for
// work that cannot be split, since the last victim may leave y below its guarantees.
//
// There are no loops, in any tree, for any sizes. Each class stands alone. Order the states of the
// class by the usage of strong claims first: u_d(n) is usage(n) counting only claims of depth >= d,
// and the state's value is, for d from the deepest to 0 and for each node n of depth d, the
// sequence, top down from n, of the sorted values of u_d(c) - subtree(c), divided by the weight
// where positive, over the children c of each node (of a leaf, u_d). Every step raises this value:
//   - An admission without a victim raises the usage at its own claim and changes nothing stronger,
//     by (3).
//   - Victims with s(w) < s(a) do not count at depth s(a), nor deeper, where a does. Guarantee's
//   all
//     are such: s(a) >= depth(x) > depth(l) >= s(w).
//   - Let s(w) = s(a) = d for some. They lie below the one node n of depth d above A, as depth(l)
//   >=
//     d. By (2) u_d below n is usage' afterwards, and was at most usage before. Take the highest l.
//     Above it no entry falls, since no usage on a's path falls and no other path is touched. Among
//     l's children x rises, to a value that each victim's y still has or exceeds: one entry fewer
//     is at most x's old value and no entry falls to it, so the sorted sequence rises.
// There are finitely many states while demand and limits stay, so evictions come to an end. A
// comparison of dominant shares alone would not do: two tenants whose dominant class is another can
// take turns for ever. Nor would counts without claims, where work that cannot be split takes a
// tenant below its guarantee and lets it begin anew.
//
// History (FairShare) decides who goes first, never who is evicted.
//
// Columns of one region. An ask that counts in two columns asks twice, for each with the victims of
// the other out of the tree; a victim is gone from all columns that it counted in. What ties them:
//   - What a column of one region covers is covered in that of its class as well, first of all, and
//     nobody takes it for that: a guarantee somewhere outlasts every claim to be anywhere.
//   - For a guarantee in a region, work there gives way that its class covers: it may go on
//     elsewhere, and has the guarantee to get there. To even out what is borrowed it does not.
class Reclaim {
 public:
  struct Ask {
    QuotaTree::Node leaf = 0;
    QuotaTree::Class device_class = 0;  // any column
    int64_t devices = 0;
    std::optional<QuotaTree::Class> prefers = {};  // victims that count there, too
  };

  // `tree` counts the holdings already; it is changed for trying and left as it was. `fair` reads
  // the same tree. Both must outlive this.
  Reclaim(QuotaTree& tree, const FairShare& fair, std::vector<Holding> holdings);

  // What may be taken for the ask as the first victim, in the order in which it should be: weakest
  // claim first, then tenants by the largest share above fair, then the least lost work, then the
  // newest. Cost: O(leaves x (depth + classes) + claims and sizes of holdings in leaves that have
  // to give + n log n of what is returned).
  std::vector<Reclaimable> candidates(const Ask& ask);
  // Nobody may be taken for the ask, nor for one of the same leaf for more: claims and shares only
  // get worse with what is asked. That candidates() has nobody does not say so, since it leaves out
  // who is larger than the ask where its side would end up with less.
  bool has_nobody_for_more(const Ask& ask);
  // How many devices of each leaf those are.
  std::map<QuotaTree::Node, int64_t> reclaimable(const Ask& ask);
  // Whether all of these may be taken together for the ask. For a caller who chooses victims
  // itself, by where they run; then `devices` of the ask may be those of several asks of one leaf.
  ReclaimFault judge(const Ask& ask, const std::vector<size_t>& victims);
  // The victims after whom the tree grants the ask, none of them without need; empty when it does
  // now; nothing when none may be had. Those who are `gone` are out of the tree already. Cost:
  // O(victims) times that of candidates().
  std::optional<std::vector<size_t>> plan(const Ask& ask, const std::vector<size_t>& gone = {});

  // Counts them in the tree (1) or not (-1), to try out what depends on others.
  void use(const std::vector<size_t>& victims, int64_t sign);
  // They are gone: the tree no longer counts them.
  void take(const std::vector<size_t>& victims);
  // It runs: the tree counts it from now on. Its index is the return value.
  size_t admit(Holding holding);

  const std::vector<Holding>& holdings() const { return holdings_; }  // those taken too
  bool holds(size_t holding) const { return is_held_[holding]; }
  size_t claim_of(size_t holding);  // depth, as in claim.h; of one that is held

 private:
  using Node = QuotaTree::Node;
  struct Path;
  struct Fork;
  struct Key;
  // Holdings of one leaf that no rule tells apart, of those that may be taken.
  struct Alike {
    size_t claim = 0;  // in the column
    int64_t devices = 0;
    size_t elsewhere = 0;  // claim_elsewhere()
    std::vector<size_t> holdings;
  };

  void enter(size_t holding);
  // In the columns of their classes; with them those in columns of one region are counted.
  const std::vector<size_t>& claims();
  size_t regional_claim(const Holding& held, size_t at) const;
  size_t claim_in(QuotaTree::Class column, size_t holding) const;
  size_t claim_elsewhere(QuotaTree::Class column, size_t holding) const;
  // A claim in another column keeps it from being taken by the rule.
  bool is_kept(QuotaTree::Class column, size_t elsewhere, const Fork& fork, ReclaimRule rule) const;
  const std::vector<Alike>& alike(QuotaTree::Class device_class, Node leaf);
  Path path_of(const Ask& ask) const;
  Fork fork_of(const Ask& ask, Node leaf) const;
  std::optional<ReclaimRule> rule_for(const Ask& ask, const Path& path, const Fork& fork, Node leaf,
                                      const Alike& victims) const;
  bool is_fair(const Path& path, const Fork& fork, QuotaTree::Class of, int64_t less) const;
  std::vector<Key> eligible(const Ask& ask, size_t least_depth, int64_t may_lose);
  ReclaimFault judge_taken(const Ask& ask, const Path& before, const std::vector<size_t>& victims);
  bool is_over_before_last(const Fork& fork, const Ask& ask, const std::vector<size_t>& victims);
  ReclaimFault can_be_taken(const Ask& ask, const std::vector<size_t>& victims) const;
  void drop_needless(const Ask& ask, std::vector<size_t>& victims);

  QuotaTree& tree_;
  const FairShare& fair_;
  std::vector<Holding> holdings_;
  std::vector<bool> is_held_;
  std::map<std::pair<QuotaTree::Class, Node>, std::vector<size_t>> by_leaf_;  // held ones
  std::vector<size_t> by_age_;  // indices of holdings; of another size: to be sorted
  std::vector<size_t> claims_;  // by holding; empty: to be counted
  std::map<QuotaTree::Class, std::vector<size_t>> regional_;  // the same in each of those columns
  std::map<std::pair<QuotaTree::Class, Node>, std::vector<Alike>> alike_;  // goes with claims_
};

}  // namespace berth::sched
