#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/saturating.h"
#include "sched/ids.h"

namespace berth::sched {

// Devices of one class that a quota may hold.
struct Limit {
  int64_t guaranteed = 0;
  int64_t borrowing = 0;         // most devices above guaranteed
  int64_t lending = kUnlimited;  // most devices of the guarantee that others may use while idle
  bool operator==(const Limit&) const = default;
};

struct Quota {
  QuotaId id;
  std::optional<QuotaId> parent;
  std::map<DeviceClass, Limit> limits;  // a class that is not listed is all zeros
  bool operator==(const Quota&) const = default;
};

// Why a tree cannot take more, as numbers that a person can check.
struct QuotaRefusal {
  QuotaId at;  // whose limit it is: the leaf's or an ancestor's; empty: the whole pool's
  int64_t wants = 0;
  int64_t leaves = 0;     // what would still have been granted
  bool lent_out = false;  // within the leaf's own guarantee, but others have borrowed it
  bool operator==(const QuotaRefusal&) const = default;
};

// The tree of quotas and what is used in it, for one pass. The arithmetic is Kueue's
// (pkg/cache/scheduler/resource_node.go), where a parent's guarantee adds to its children's:
//
//   subtree(n)   = guaranteed(n) + sum over children c of min(lending(c), subtree(c))
//   local(n)     = max(0, subtree(n) - lending(n))        never visible to the parent
//   usage(n)     = used by n itself + sum over children c of max(0, usage(c) - local(c))
//   available(n) = max(0, local(n) - usage(n))
//                + min(available(parent), subtree(n) - local(n)
//                                         - max(0, usage(n) - local(n)) + borrowing(n))
//
// Roots are children of the pool, which owns what nobody is guaranteed, capacity - sum of the
// roots' guarantees, so that roots with a borrowing limit share idle devices too.
class QuotaTree {
 public:
  // Quotas whose parent is missing or part of a cycle are left out; broken() names them.
  QuotaTree(const std::vector<Quota>& quotas, const std::map<DeviceClass, int64_t>& capacity);

  // A leaf takes more; negative gives back.
  void use(const QuotaId& leaf, const DeviceClass& device_class, int64_t devices);
  // Why `leaf` may not take `count` more; nothing when it may.
  std::optional<QuotaRefusal> refuses(const QuotaId& leaf, const DeviceClass& device_class,
                                      int64_t count) const;

  bool knows(const QuotaId& id) const { return index_.contains(id); }
  // The limits that a known quota lists itself.
  const std::map<DeviceClass, Limit>& limits(const QuotaId& id) const {
    return quotas_[index_.at(id)].limits;
  }
  const std::vector<QuotaId>& broken() const { return broken_; }
  std::vector<QuotaId> path(const QuotaId& leaf) const;  // leaf first, root last

  int64_t used(const QuotaId& id, const DeviceClass& device_class) const;  // with all below it
  // Every guarantee at and below `id`: with borrowing(id), the most that used(id) can become.
  int64_t guaranteed_below(const QuotaId& id, const DeviceClass& device_class) const;
  int64_t borrowed(const QuotaId& id, const DeviceClass& device_class) const;
  // How much of the guarantee of `id` others are using now.
  int64_t lent(const QuotaId& id, const DeviceClass& device_class) const;

 private:
  struct Cell {
    Limit limit;
    int64_t guaranteed_below = 0;
    int64_t subtree = 0;
    int64_t local = 0;
    int64_t usage = 0;
    int64_t used = 0;
  };
  using Cells = std::vector<Cell>;  // by node; the pool is last
  struct Available {
    int64_t devices = 0;
    size_t at = 0;  // the node whose limit decides
  };

  void keep_rooted(const std::vector<Quota>& quotas);
  Cells cells_for(const DeviceClass& device_class, int64_t capacity) const;
  const Cells& cells(const DeviceClass& device_class) const;
  Available available(const Cells& cells, size_t node) const;
  Available least(Available left, const Cells& cells, size_t leaf) const;
  size_t pool() const { return quotas_.size(); }

  std::vector<Quota> quotas_;   // children before their parents
  std::vector<size_t> parent_;  // of each; pool() for a root
  std::map<QuotaId, size_t> index_;
  std::map<DeviceClass, Cells> cells_;
  Cells zeros_;
  std::vector<QuotaId> broken_;
};

}  // namespace berth::sched
