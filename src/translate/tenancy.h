#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/quota.h"
#include "sched/quota_tree.h"

namespace berth::translate {

// What one Quota cannot see by itself.
struct QuotaProblem {
  std::string reason;  // Conflict, ParentMissing
  std::string message;
  bool operator==(const QuotaProblem&) const = default;
};

// Who pays for which namespace, settled over all Quotas.
struct Tenancy {
  std::map<std::string, sched::QuotaId> quota_of;            // namespace -> leaf
  std::vector<sched::Quota> quotas;                          // the tree, with usable parents only
  std::map<sched::QuotaId, sched::QuotaId> parents;          // as they count
  std::map<sched::QuotaId, std::vector<std::string>> tiers;  // as each lists them; none: any
  std::map<std::string, QuotaProblem> problems;  // Quota -> why it is not fully honoured

  const sched::QuotaId* find(const std::string& name_space) const;
  // The tier of work that names none: the first that its Quota lists, or the nearest one above it
  // that lists any; empty when none does.
  std::string default_tier(const std::string& name_space) const;
  // The leaf first, then its ancestors.
  std::vector<sched::QuotaId> path(const sched::QuotaId& leaf) const;
  bool operator==(const Tenancy&) const = default;
};

// Older objects win (then the smaller name): a namespace stays with the Quota that claimed it
// first, and a parent that would close a cycle is ignored on the younger Quota. So is a parent that
// has namespaces: only leaves do, and what a parent may use is what its children may.
// An exempt namespace belongs to nobody: Berth touches nothing there.
Tenancy settle(std::vector<const api::Quota*> quotas,
               const std::set<std::string>& exempt_namespaces = {});

}  // namespace berth::translate
