#include "sched/quota/fair_order.h"

namespace berth::sched {

FairOrder::FairOrder(const FairShare& fair)
    : fair_(fair),
      head_(fair.tree().nodes()),
      winner_(fair.tree().nodes()),
      rank_(fair.tree().nodes()),
      children_(fair.tree().nodes()) {}

void FairOrder::offer(Node leaf, const Want& head) {
  head_[leaf] = head;
  climb(leaf);
}

void FairOrder::withdraw(Node leaf) {
  head_[leaf].reset();
  climb(leaf);
}

void FairOrder::climb(Node leaf) {
  const QuotaTree& tree = fair_.tree();
  for (Node node = leaf;; node = tree.parent(node)) {
    winner_[node].reset();
    if (head_[node]) {
      winner_[node] = node;
    } else if (!children_[node].empty()) {
      winner_[node] = winner_[children_[node].begin()->second];
    }
    if (node == tree.pool()) return;
    std::set<Rank>& siblings = children_[tree.parent(node)];
    std::optional<Standing> rank;
    if (winner_[node]) rank = fair_.standing(node, *winner_[node], *head_[*winner_[node]]);
    if (rank == rank_[node]) continue;
    // The entry itself moves: one climb is made per ask of a pass.
    std::set<Rank>::node_type entry;
    if (rank_[node]) entry = siblings.extract({*rank_[node], node});
    rank_[node] = rank;
    if (!rank) continue;
    if (entry.empty()) {
      siblings.emplace(*rank, node);
    } else {
      entry.value() = {*rank, node};
      siblings.insert(std::move(entry));
    }
  }
}

}  // namespace berth::sched
