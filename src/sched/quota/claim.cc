#include "sched/quota/claim.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace berth::sched {

std::vector<size_t> oldest_first(const std::vector<Holding>& holdings) {
  std::vector<size_t> order(holdings.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tie(holdings[a].admitted, holdings[a].id, a) <
           std::tie(holdings[b].admitted, holdings[b].id, b);
  });
  return order;
}

std::vector<size_t> claim_depths(const QuotaTree& tree, const std::vector<Holding>& holdings) {
  return claim_depths(tree, holdings, oldest_first(holdings));
}

std::vector<size_t> claim_depths(const QuotaTree& tree, const std::vector<Holding>& holdings,
                                 std::vector<size_t> waiting,
                                 std::optional<QuotaTree::Class> column) {
  const auto column_for = [&](const Holding& held) { return column.value_or(held.device_class); };
  if (column) {
    std::erase_if(waiting, [&](size_t at) { return holdings[at].devices_in(*column) == 0; });
  }
  size_t depth = 0;
  for (const size_t at : waiting) depth = std::max(depth, tree.depth(holdings[at].leaf));

  std::vector<size_t> depths(holdings.size(), 0);
  QuotaTree claimed = tree.without_use();
  for (; depth > 0; --depth) {
    std::erase_if(waiting, [&](size_t at) {
      const Holding& holding = holdings[at];
      if (tree.depth(holding.leaf) < depth) return false;
      const QuotaTree::Class of = column_for(holding);
      const int64_t devices = holding.devices_in(of);
      claimed.use(holding.leaf, of, devices);
      const QuotaTree::Node node = tree.ancestor(holding.leaf, depth);
      if (claimed.usage(node, of) <= tree.subtree(node, of)) {
        depths[at] = depth;
        return true;
      }
      claimed.use(holding.leaf, of, -devices);
      return false;
    });
  }
  return depths;
}

}  // namespace berth::sched
