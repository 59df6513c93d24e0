#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "sched/quota_tree.h"

namespace berth::sched {

// What one device of a class counts for. Classes of one kind stand in for one another and are added
// by value, as an H200 may count for five L4; kinds (GPU, NPU, CPU) cannot be compared, so that the
// dominant one of them decides (DRF, NSDI 2011).
struct ClassValue {
  int64_t value = 1;  // 0: free of charge
  int64_t kind = 0;
};

struct FairShareInputs {
  std::map<DeviceClass, ClassValue> values;  // a class that is not listed: the default above
  std::map<DeviceClass, int64_t> capacity;   // usable devices
  // Micro-devices that each leaf held lately, by class (UsageHistory); none: history says nothing.
  std::map<QuotaId, std::map<DeviceClass, int64_t>> lately;
  int64_t history_permille = 0;  // what a device held lately counts for, of one borrowed now
};

// A share of what there is, divided by the weight: 10^12 stands for all of it at weight 1. Rounded
// up, so that only nothing is 0.
using Share = int64_t;
inline constexpr Share kWholeShare = 1'000'000'000'000;

// How a node of the tree stands among its siblings; the lesser goes first.
struct Standing {
  bool borrows = false;  // more than its guarantees, of the class that is asked for
  Share borrowed = 0;    // with its history
  Share used = 0;
  auto operator<=>(const Standing&) const = default;
};

// Weighted dominant share over the whole tree.
//
//   borrowed(n) = max over kinds of  (sum over classes of value * max(0, usage - subtree)
//                                     + history * sum of value * lately) / capacity / weight(n)
//   used(n)     = the same of all that is used
//
// with usage and subtree of quota_tree.h, capacity = sum of value * devices of the kind. Two asks
// are compared at the children of the lowest node above both, as they would stand *after* the ask
// was admitted: a tenant that was just evicted does not win right back with an ask that would
// bring it above the others again. First comes who stays within its guarantees, then who borrows
// less per weight, then who uses less, then the name. It is Kueue's fair-sharing tournament (KEP
// 1714) over Kueue's DRS, with the history of its AdmissionFairSharing and KAI's nominal-first.
//
// Reads the tree as it is at the time of the call; the tree must outlive it.
class FairShare {
 public:
  using Node = QuotaTree::Node;
  using Class = QuotaTree::Class;
  struct Want {
    Class device_class = 0;
    int64_t devices = 0;
  };

  FairShare(const QuotaTree& tree, const FairShareInputs& inputs);

  // Of `node`, if `leaf` at or below it took what it wants. Cost: O(depth + classes).
  Standing standing(Node node, Node leaf, const Want& wants) const;
  // As it is, without history: what reclaim compares. Cost: O(classes).
  Share borrowed(Node node) const { return borrowed(node, 0, 0); }
  // If usage(node) of the class were `more` (less than 0: less). Of a column of one region: if that
  // of its class were, since shares are of what is used in all regions.
  Share borrowed(Node node, Class column, int64_t more) const;

  // Whether the ask of leaf `a` goes before that of `b`; of one leaf: never. Cost: O(depth +
  // classes).
  bool goes_before(Node a, const Want& wants_a, Node b, const Want& wants_b) const;

  const QuotaTree& tree() const { return tree_; }

 private:
  struct Of {
    int64_t value = 1;
    size_t kind = 0;
  };
  const Of& of(Class device_class) const;
  Share share(int64_t milli_value, size_t kind, Node node) const;
  // The largest share over the kinds of what `count(class)` devices are worth.
  template <class Count>
  Share dominant(Node node, bool with_history, const Count& count) const;

  const QuotaTree& tree_;
  std::vector<Of> of_;                        // by class
  Of other_;                                  // of classes that joined the tree later
  std::vector<int64_t> capacity_;             // value of each kind
  std::vector<std::vector<int64_t>> lately_;  // by node, then kind: history in milli-value
};

// What a node uses of all there is, in its dominant kind, over what it would have if at each level
// all were divided by weight among the siblings: in hundredths of a percent, 10000 is its fair
// share. Cost: O(depth x siblings + classes).
int64_t share_of_fair_basis_points(const FairShare& fair, QuotaTree::Node node);

}  // namespace berth::sched
