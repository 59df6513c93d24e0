#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sched/quota/fair_share.h"

namespace berth::sched {

// Whose turn it is: a tournament over the tree. Each leaf offers the ask at its head; the winner
// among a node's children stands for the node one level up, and next() is the leaf that wins at the
// top. FairShare::goes_before() puts it before every leaf that it met on its way, and each of them
// before those that they beat; a leaf that lost to its own sibling never meets those further away.
//
// A pass offers the head of each leaf, and then, as long as there is a next: decides its ask, uses
// the tree when it admits it, and offers that leaf's next ask or withdraws it. Use of a leaf
// changes the standing of its path only, so that a step costs O(depth x (log siblings + depth +
// classes)).
class FairOrder {
 public:
  using Node = QuotaTree::Node;
  using Want = FairShare::Want;

  // `fair` and its tree must outlive this.
  explicit FairOrder(const FairShare& fair);

  // The ask at the head of a leaf, in place of the one before. Also to be called (or withdraw())
  // after each use() of the leaf, since that changes how it stands.
  void offer(Node leaf, const Want& head);
  void withdraw(Node leaf);
  // To be called after a use() of a leaf that was not its own ask, such as a reclaim.
  void used(Node leaf) { climb(leaf); }
  std::optional<Node> next() const { return winner_.back(); }

 private:
  using Rank = std::pair<Standing, Node>;
  void climb(Node leaf);

  const FairShare& fair_;
  std::vector<std::optional<Want>> head_;      // by node: its own
  std::vector<std::optional<Node>> winner_;    // by node: the leaf at or below it that goes first
  std::vector<std::optional<Standing>> rank_;  // by node: its entry at its parent
  std::vector<std::set<Rank>> children_;       // by node: the children who offer anything
};

}  // namespace berth::sched
