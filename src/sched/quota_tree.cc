#include "sched/quota_tree.h"

#include <algorithm>
#include <set>

namespace berth::sched {
namespace {

// Steps to the root, or nothing when the chain of parents ends nowhere or goes round.
std::optional<size_t> depth_of(const Quota& quota, const std::map<QuotaId, const Quota*>& by_id) {
  const Quota* at = &quota;
  for (size_t depth = 0; depth <= by_id.size(); ++depth) {
    if (!at->parent) return depth;
    const auto parent = by_id.find(*at->parent);
    if (parent == by_id.end()) return std::nullopt;
    at = parent->second;
  }
  return std::nullopt;
}

// Of all regions that a quota lists of a class.
std::optional<Limit> sum_of_regions(const Quota& quota, const DeviceClass& device_class) {
  const Column first = device_class + "@";
  std::optional<Limit> sum;
  for (auto at = quota.limits.lower_bound(first);
       at != quota.limits.end() && at->first.starts_with(first); ++at) {
    if (!sum) sum = Limit{0, 0, 0};
    sum->guaranteed = add_saturating(sum->guaranteed, at->second.guaranteed);
    sum->borrowing = add_saturating(sum->borrowing, at->second.borrowing);
    sum->lending = add_saturating(sum->lending, at->second.lending);
  }
  return sum;
}

}  // namespace

QuotaTree::QuotaTree(const std::vector<Quota>& quotas, const std::map<Column, int64_t>& capacity) {
  keep_rooted(quotas);
  zeros_.resize(nodes());
  add_columns();
  for (Class column = 0; column < classes(); ++column) {
    const auto at = capacity.find(name(column));
    cells_[column] = cells_for(name(column), at == capacity.end() ? 0 : at->second);
  }
}

void QuotaTree::add_columns() {
  std::set<Column> columns;
  for (const Quota& quota : quotas_) {
    for (const auto& [column, limit] : quota.limits) columns.insert({column, class_in(column)});
  }
  for (const Column& column : columns) {
    if (!is_regional(column)) class_of(column);
  }
  for (const Column& column : columns) {
    if (!is_regional(column)) continue;
    has_regions_ = true;
    const Class base = class_of(class_in(column));
    const Class made = class_of(column);
    columns_[made].base = base;
    columns_[base].regions.emplace(region_in(column), made);
    std::vector<char>& bound = columns_[base].bound;
    bound.resize(nodes(), 0);
    for (Node node = pool(); node-- > 0;) {
      const bool is_listed = quotas_[node].limits.contains(column);
      if (is_listed || bound[parent_[node]] != 0) bound[node] = 1;
    }
  }
}

// As it counts, see the header.
Limit QuotaTree::limit_of(const Quota& quota, const Column& column) const {
  const auto at = quota.limits.find(column);
  const bool is_listed = at != quota.limits.end();
  if (is_regional(column)) return is_listed ? at->second : Limit{.borrowing = kUnlimited};
  const auto regions = has_regions_ ? sum_of_regions(quota, column) : std::nullopt;
  if (!is_listed) return regions.value_or(Limit{});
  Limit limit = at->second;
  if (!regions || regions->guaranteed <= limit.guaranteed) return limit;
  const int64_t more =
      std::min(regions->guaranteed - limit.guaranteed, std::max<int64_t>(0, limit.borrowing));
  limit.guaranteed += more;
  if (limit.borrowing != kUnlimited) limit.borrowing -= more;
  return limit;
}

bool QuotaTree::lists(const QuotaId& id, const DeviceClass& device_class) const {
  const auto& listed = limits(id);
  if (listed.contains(device_class)) return true;
  if (!has_regions_) return false;
  const Column first = device_class + "@";
  const auto at = listed.lower_bound(first);
  return at != listed.end() && at->first.starts_with(first);
}

bool QuotaTree::may_use(const QuotaId& id, const DeviceClass& device_class,
                        const std::string& region) const {
  const auto& listed = limits(id);
  return listed.contains(device_class) ||
         (!region.empty() && listed.contains(column_of(device_class, region)));
}

void QuotaTree::keep_rooted(const std::vector<Quota>& quotas) {
  std::map<QuotaId, const Quota*> by_id;
  for (const Quota& quota : quotas) by_id.emplace(quota.id, &quota);
  std::vector<std::pair<size_t, const Quota*>> by_depth;
  for (const auto& [id, quota] : by_id) {
    if (const auto depth = depth_of(*quota, by_id)) {
      by_depth.emplace_back(*depth, quota);
    } else {
      broken_.push_back(id);
    }
  }
  std::stable_sort(by_depth.begin(), by_depth.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [depth, quota] : by_depth) {
    index_.emplace(quota->id, quotas_.size());
    quotas_.push_back(*quota);
  }
  for (const Quota& quota : quotas_) {
    parent_.push_back(quota.parent ? index_.at(*quota.parent) : pool());
  }
  parent_.push_back(pool());
  link();
}

void QuotaTree::link() {
  depth_.resize(nodes());
  weight_.resize(nodes(), 1);
  children_.resize(nodes());
  for (Node node = pool(); node-- > 0;) {
    depth_[node] = depth_[parent_[node]] + 1;
    weight_[node] = std::max<int64_t>(1, quotas_[node].weight);
  }
  for (Node node = 0; node < pool(); ++node) children_[parent_[node]].push_back(node);
}

QuotaTree::Cells QuotaTree::cells_for(const Column& column, int64_t capacity) const {
  Cells cells(nodes());
  for (Node node = 0; node < pool(); ++node) {
    Cell& cell = cells[node];
    cell.limit = limit_of(quotas_[node], column);
    cell.subtree = add_saturating(cell.subtree, cell.limit.guaranteed);
    cell.guaranteed_below = add_saturating(cell.guaranteed_below, cell.limit.guaranteed);
    cell.local = std::max<int64_t>(0, cell.subtree - cell.limit.lending);
    Cell& parent = cells[parent_[node]];
    parent.subtree = add_saturating(parent.subtree, cell.subtree - cell.local);
    parent.guaranteed_below = add_saturating(parent.guaranteed_below, cell.guaranteed_below);
  }
  Cell& pool = cells.back();
  pool.limit.guaranteed = std::max<int64_t>(0, capacity - pool.guaranteed_below);
  pool.subtree = add_saturating(pool.subtree, pool.limit.guaranteed);
  return cells;
}

const QuotaTree::Cells& QuotaTree::cells(const DeviceClass& device_class) const {
  const auto at = class_index_.find(device_class);
  return at == class_index_.end() ? zeros_ : cells_[at->second];
}

std::optional<QuotaTree::Node> QuotaTree::find(const QuotaId& id) const {
  const auto at = index_.find(id);
  if (at == index_.end()) return std::nullopt;
  return at->second;
}

std::optional<QuotaTree::Class> QuotaTree::find_class(const DeviceClass& device_class) const {
  const auto at = class_index_.find(device_class);
  if (at == class_index_.end()) return std::nullopt;
  return at->second;
}

QuotaTree::Class QuotaTree::class_of(const DeviceClass& device_class) {
  const auto [at, is_new] = class_index_.emplace(device_class, classes());
  if (is_new) {
    class_names_.push_back(device_class);
    cells_.push_back(zeros_);
    columns_.push_back({.base = at->second, .regions = {}, .bound = {}});
  }
  return at->second;
}

const std::vector<std::string>& QuotaTree::tiers(Node leaf) const {
  static const std::vector<std::string> kAny;
  for (Node node = leaf; node != pool(); node = parent_[node]) {
    if (!quotas_[node].tiers.empty()) return quotas_[node].tiers;
  }
  return kAny;
}

QuotaTree::Node QuotaTree::ancestor(Node node, size_t depth) const {
  while (depth_[node] > depth) node = parent_[node];
  return node;
}

QuotaTree::Node QuotaTree::meet(Node a, Node b) const {
  while (a != b) {
    if (depth_[a] >= depth_[b]) {
      a = parent_[a];
    } else {
      b = parent_[b];
    }
  }
  return a;
}

int64_t QuotaTree::subtree(Node node, Class device_class) const {
  return cells_[device_class][node].subtree;
}
int64_t QuotaTree::local(Node node, Class device_class) const {
  return cells_[device_class][node].local;
}
int64_t QuotaTree::usage(Node node, Class device_class) const {
  return cells_[device_class][node].usage;
}
int64_t QuotaTree::used(Node node, Class device_class) const {
  return cells_[device_class][node].used;
}

int64_t QuotaTree::bubbles(Node node, Class device_class, int64_t more) const {
  const Cell& cell = cells_[device_class][node];
  return std::max<int64_t>(0, cell.usage + more - cell.local) -
         std::max<int64_t>(0, cell.usage - cell.local);
}

QuotaTree QuotaTree::without_use() const {
  QuotaTree empty = *this;
  for (Cells& of_class : empty.cells_) {
    for (Cell& cell : of_class) cell.usage = cell.used = 0;
  }
  return empty;
}

void QuotaTree::use(const QuotaId& leaf, const DeviceClass& device_class, int64_t devices) {
  const auto start = index_.find(leaf);
  if (start == index_.end()) return;
  if (is_regional(device_class) && !class_index_.contains(device_class)) return;  // nobody counts
  // A class that nobody lists can still be used, by work admitted before a limit was taken away.
  use(start->second, class_of(device_class), devices);
}

void QuotaTree::use(Node leaf, Class device_class, int64_t devices) {
  Cells& cells = cells_[device_class];
  int64_t bubbles = devices;
  for (Node node = leaf;; node = parent_[node]) {
    Cell& cell = cells[node];
    cell.used += devices;
    const int64_t before = std::max<int64_t>(0, cell.usage - cell.local);
    cell.usage += bubbles;
    bubbles = std::max<int64_t>(0, cell.usage - cell.local) - before;
    if (node == pool()) return;
  }
}

QuotaTree::Available QuotaTree::above_limits(const Cells& cells, Node node) const {
  const Cell& cell = cells[node];
  if (node == pool()) return {cell.subtree - cell.usage, node};
  const Available above = above_limits(cells, parent_[node]);
  const int64_t beyond_local = std::max<int64_t>(0, cell.usage - cell.local);
  const int64_t own =
      add_saturating(cell.subtree - cell.local - beyond_local, cell.limit.borrowing);
  const int64_t local = std::max<int64_t>(0, cell.local - cell.usage);
  if (own <= above.devices) return {add_saturating(local, own), node};
  return {add_saturating(local, above.devices), above.at};
}

QuotaTree::Available QuotaTree::available(const Cells& cells, Node leaf) const {
  return least(above_limits(cells, leaf), cells, leaf);
}

QuotaTree::Available QuotaTree::available(Node leaf, Class device_class) const {
  return available(cells_[device_class], leaf);
}

std::optional<QuotaRefusal> QuotaTree::refuses(const QuotaId& leaf, const DeviceClass& device_class,
                                               int64_t count) const {
  const auto at = index_.find(leaf);
  if (at == index_.end()) return QuotaRefusal{leaf, count, 0, false};
  if (is_regional(device_class) && !class_index_.contains(device_class)) return std::nullopt;
  const Cells& of_class = cells(device_class);
  const Available left = available(of_class, at->second);
  if (count <= left.devices) return std::nullopt;
  const Cell& own = of_class[at->second];
  return QuotaRefusal{left.at == pool() ? QuotaId{} : quotas_[left.at].id,
                      count,
                      std::max<int64_t>(0, left.devices),
                      add_saturating(own.used, count) <= own.limit.guaranteed,
                      false,
                      region_in(device_class)};
}

// `used` of a quota may not grow above every guarantee at and below it and its borrowing limit.
// That follows from available() until somebody lowers a limit below what is used: then the API
// server would refuse the charge, although a leaf may still have devices of its own.
QuotaTree::Available QuotaTree::least(Available left, const Cells& cells, Node leaf) const {
  for (size_t node = leaf; node != pool(); node = parent_[node]) {
    const Cell& cell = cells[node];
    const int64_t bound = add_saturating(cell.guaranteed_below, cell.limit.borrowing) - cell.used;
    if (bound < left.devices) left = {bound, node};
  }
  return left;
}

std::vector<QuotaId> QuotaTree::path(const QuotaId& leaf) const {
  std::vector<QuotaId> ids;
  const auto start = index_.find(leaf);
  if (start == index_.end()) return ids;
  for (size_t node = start->second; node != pool(); node = parent_[node]) {
    ids.push_back(quotas_[node].id);
  }
  return ids;
}

int64_t QuotaTree::used(const QuotaId& id, const DeviceClass& device_class) const {
  const auto at = index_.find(id);
  return at == index_.end() ? 0 : cells(device_class)[at->second].used;
}

int64_t QuotaTree::guaranteed_below(const QuotaId& id, const DeviceClass& device_class) const {
  const auto at = index_.find(id);
  return at == index_.end() ? 0 : cells(device_class)[at->second].guaranteed_below;
}

int64_t QuotaTree::borrowed(const QuotaId& id, const DeviceClass& device_class) const {
  const auto at = index_.find(id);
  if (at == index_.end()) return 0;
  const Cell& cell = cells(device_class)[at->second];
  return std::max<int64_t>(0, cell.usage - cell.subtree);
}

// What the siblings (and the parent's own pool of devices above them) hold beyond what they bring
// is taken from those who use less than they bring, in the order of their names.
int64_t QuotaTree::lent(const QuotaId& id, const DeviceClass& device_class) const {
  const auto at = index_.find(id);
  if (at == index_.end()) return 0;
  const Cells& of_class = cells(device_class);
  const size_t parent = parent_[at->second];
  int64_t out = -of_class[parent].limit.guaranteed;
  for (const Node node : children_[parent]) {
    out += std::max<int64_t>(0, of_class[node].usage - of_class[node].subtree);
  }
  for (const Node node : children_[parent]) {
    if (out <= 0) break;
    const Cell& cell = of_class[node];
    const int64_t idle = std::max<int64_t>(0, cell.subtree - std::max(cell.usage, cell.local));
    const int64_t gives = std::min(out, idle);
    if (node == at->second) return gives;
    out -= gives;
  }
  return 0;
}

}  // namespace berth::sched
