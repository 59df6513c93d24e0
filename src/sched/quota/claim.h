#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sched/ids.h"
#include "sched/quota_tree.h"

namespace berth::sched {

// A workload that runs, as reclaim sees it.
struct Holding {
  WorkloadId id;
  QuotaTree::Node leaf = 0;
  QuotaTree::Class device_class = 0;
  int64_t devices = 0;
  int64_t admitted = 0;      // when last; larger is later, ties by id
  int64_t lost_work = 0;     // what evicting it costs, in the caller's unit
  bool may_be_taken = true;  // false: not preemptible, or not yet
  // Of its devices, those that count in columns of one region too.
  struct Part {
    QuotaTree::Class column = 0;
    int64_t devices = 0;
  };
  std::vector<Part> in = {};
  // That count in the column: all, those in the region, or none.
  int64_t devices_in(QuotaTree::Class column) const;
};
inline int64_t Holding::devices_in(QuotaTree::Class column) const {
  if (column == device_class) return devices;
  for (const Part& part : in) {
    if (part.column == column) return part.devices;
  }
  return 0;
}

// The depth of the node whose guarantees cover each holding: the deeper, the stronger its claim. A
// holding with a claim at its leaf is the tenant's own; one at an inner node was lent to it there,
// by its nearer kin; one at 0 was borrowed across the roots or from the pool.
//
// Claims are given out from the leaves up, and at one depth in the order of admission: a node
// covers a holding when what is claimed at and below it, that one included, stays within
// subtree(n). So
//
//   (1) what is claimed at or below n never exceeds subtree(n);
//   (2) when usage(n) <= subtree(n), all that runs below n has its claim at n or below;
//   (3) to admit or to evict work whose claim has depth d changes no claim deeper than d, and to
//       admit takes no claim of depth d away.
//
// Cost: O(holdings x depth^2).
std::vector<size_t> claim_depths(const QuotaTree& tree, const std::vector<Holding>& holdings);
// The same for some of them, given as oldest_first() has them; 0 for the others. In a column of one
// region where it is given: of those who hold anything there.
std::vector<size_t> claim_depths(const QuotaTree& tree, const std::vector<Holding>& holdings,
                                 std::vector<size_t> held,
                                 std::optional<QuotaTree::Class> column = {});
// Indices in the order of admission.
std::vector<size_t> oldest_first(const std::vector<Holding>& holdings);

}  // namespace berth::sched
