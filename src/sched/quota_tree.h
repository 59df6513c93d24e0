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

// Devices of one column that a quota may hold.
struct Limit {
  int64_t guaranteed = 0;
  int64_t borrowing = 0;         // most devices above guaranteed
  int64_t lending = kUnlimited;  // most devices of the guarantee that others may use while idle
  bool operator==(const Limit&) const = default;
};

// In which order a tenant's work of one tier starts.
enum class Ordering {
  Fair,  // by priority, urgency and service had; what finds no room is passed by others that do
  Fifo,  // by priority and age; nothing passes what waits for room
};

struct Quota {
  QuotaId id;
  std::optional<QuotaId> parent;
  std::map<Column, Limit> limits;  // a class that is not listed is all zeros
  int64_t weight =
      1;  // share of what is free relative to the siblings' weights; below 1 reads as 1
  std::vector<std::string>
      tiers;  // that work may ask for; none: those of the parent, of a root all
  Ordering ordering = Ordering::Fair;
  bool operator==(const Quota&) const = default;
};

// Why a tree cannot take more, as numbers that a person can check.
struct QuotaRefusal {
  QuotaId at;  // whose limit it is: the leaf's or an ancestor's; empty: the whole pool's
  int64_t wants = 0;
  int64_t leaves = 0;       // what would still have been granted
  bool lent_out = false;    // within the leaf's own guarantee, but others have borrowed it
  bool own_only = false;    // beyond the leaf's own guarantee, and it may not borrow
  std::string region = {};  // that the limit is for; empty: any
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
//
// Each column, see ids.h, is a tree of its own; work has to be granted by all that it counts in.
// What a quota does not list bounds nothing below it that its other entries do not bound:
//
//   {class, region}   not listed: no guarantee here, any borrowing limit, those below as they are
//   {class}           not listed beside entries of regions: the sums of those. Listed with a
//   smaller
//                     guarantee than these sum up to: that guarantee, and so much less to borrow,
//                     so that what is guaranteed in a region is guaranteed at all
//
// Which regions a leaf may use at all is not the tree's to say, but may_use(). The capacity of a
// column of one region is what is usable there.
//
// Two ways in: by name, for people and for the API; and by dense index, for loops over thousands of
// asks, which cost no map lookup. An index is valid for the life of the tree and of its copies.
class QuotaTree {
 public:
  // Of a quota, children before their parents and by name among equals; the pool is the last.
  using Node = size_t;
  using Class = size_t;  // of a column

  // Quotas whose parent is missing or part of a cycle are left out; broken() names them.
  QuotaTree(const std::vector<Quota>& quotas, const std::map<Column, int64_t>& capacity);

  // A leaf takes more; negative gives back. The order of calls does not matter, so that what was
  // tried is undone by the opposite call. Cost: O(depth).
  void use(const QuotaId& leaf, const DeviceClass& device_class, int64_t devices);
  void use(Node leaf, Class device_class, int64_t devices);
  // Why `leaf` may not take `count` more; nothing when it may. Cost: O(depth).
  std::optional<QuotaRefusal> refuses(const QuotaId& leaf, const DeviceClass& device_class,
                                      int64_t count) const;
  struct Available {
    int64_t devices = 0;  // negative where more is used than the limits allow
    Node at = 0;          // the node whose limit decides
  };
  // What refuses() compares with, at most this many more. Cost: O(depth).
  Available available(Node leaf, Class device_class) const;

  bool knows(const QuotaId& id) const { return index_.contains(id); }
  // The limits that a known quota lists itself.
  const std::map<Column, Limit>& limits(const QuotaId& id) const {
    return quotas_[index_.at(id)].limits;
  }
  // Whether a known quota lists the class, in whatever region; and whether it may hold any there.
  bool lists(const QuotaId& id, const DeviceClass& device_class) const;
  bool may_use(const QuotaId& id, const DeviceClass& device_class, const std::string& region) const;
  // As it counts, listed or not.
  const Limit& limit(Node node, Class column) const { return cells_[column][node].limit; }
  // Columns of one region of a class, by region; none where nobody lists any.
  const std::map<std::string, Class>& regions(Class device_class) const {
    return columns_[device_class].regions;
  }
  bool has_regions() const { return has_regions_; }
  // The column of its class in all regions.
  Class base(Class column) const { return columns_[column].base; }
  // Something at or above `node` lists a region of the class: its work has to be told where.
  bool is_bound(Node node, Class device_class) const {
    return !columns_[device_class].bound.empty() && columns_[device_class].bound[node] != 0;
  }
  // What the nearest one at or above a leaf lists; empty: none does, any tier will do.
  const std::vector<std::string>& tiers(Node leaf) const;
  Ordering ordering(Node leaf) const { return quotas_[leaf].ordering; }
  const std::vector<QuotaId>& broken() const { return broken_; }
  std::vector<QuotaId> path(const QuotaId& leaf) const;  // leaf first, root last

  int64_t used(const QuotaId& id, const DeviceClass& device_class) const;  // with all below it
  // Every guarantee at and below `id`: with borrowing(id), the most that used(id) can become.
  int64_t guaranteed_below(const QuotaId& id, const DeviceClass& device_class) const;
  int64_t borrowed(const QuotaId& id, const DeviceClass& device_class) const;
  // How much of the guarantee of `id` others are using now.
  int64_t lent(const QuotaId& id, const DeviceClass& device_class) const;

  std::optional<Node> find(const QuotaId& id) const;
  std::optional<Class> find_class(const DeviceClass& device_class) const;
  // Adds one that nobody lists, with zeros; not for a column of one region.
  Class class_of(const DeviceClass& device_class);
  size_t nodes() const { return parent_.size(); }  // the pool included
  size_t classes() const { return class_names_.size(); }
  Node pool() const { return quotas_.size(); }
  Node parent(Node node) const { return parent_[node]; }  // of the pool: itself
  size_t depth(Node node) const { return depth_[node]; }  // of the pool 0, of a root 1
  Node ancestor(Node node, size_t depth) const;           // the one on its path at that depth
  // The lowest node that both are at or below.
  Node meet(Node a, Node b) const;
  const std::vector<Node>& children(Node node) const { return children_[node]; }
  const QuotaId& id(Node quota) const { return quotas_[quota].id; }  // not of the pool
  const DeviceClass& name(Class device_class) const { return class_names_[device_class]; }
  int64_t weight(Node node) const { return weight_[node]; }

  // What `node` brings with all below it, what of that others never see, and what is taken of it:
  // the terms above. More taken than brought is borrowed.
  int64_t subtree(Node node, Class device_class) const;
  int64_t local(Node node, Class device_class) const;
  int64_t usage(Node node, Class device_class) const;
  int64_t used(Node node, Class device_class) const;
  // How much more reaches the parent when usage(node) grows by `more` (less than 0: shrinks).
  int64_t bubbles(Node node, Class device_class, int64_t more) const;
  QuotaTree without_use() const;  // the same limits, nothing used

 private:
  struct Cell {
    Limit limit;
    int64_t guaranteed_below = 0;
    int64_t subtree = 0;
    int64_t local = 0;
    int64_t usage = 0;
    int64_t used = 0;
  };
  using Cells = std::vector<Cell>;  // by node
  struct InRegions {
    Class base = 0;
    std::map<std::string, Class> regions;  // of a base
    std::vector<char> bound;               // by node, of a base that has any
  };

  void add_columns();
  Limit limit_of(const Quota& quota, const Column& column) const;
  void keep_rooted(const std::vector<Quota>& quotas);
  void link();
  Cells cells_for(const Column& column, int64_t capacity) const;
  const Cells& cells(const DeviceClass& device_class) const;
  Available available(const Cells& cells, Node leaf) const;
  Available above_limits(const Cells& cells, Node node) const;
  Available least(Available left, const Cells& cells, Node leaf) const;

  std::vector<Quota> quotas_;  // children before their parents
  std::vector<Node> parent_;   // of each and of the pool; pool() for a root
  std::vector<size_t> depth_;  // as parent_, like the next two
  std::vector<int64_t> weight_;
  std::vector<std::vector<Node>> children_;  // by name
  std::map<QuotaId, Node> index_;
  std::vector<DeviceClass> class_names_;
  std::map<DeviceClass, Class> class_index_;
  std::vector<Cells> cells_;  // by class, as the next
  std::vector<InRegions> columns_;
  bool has_regions_ = false;
  Cells zeros_;
  std::vector<QuotaId> broken_;
};

}  // namespace berth::sched
