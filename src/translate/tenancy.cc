#include "translate/tenancy.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace berth::translate {
namespace {

using Parents = std::map<sched::QuotaId, sched::QuotaId>;

bool is_older_quota(const api::Quota* a, const api::Quota* b) {
  return std::tie(a->meta.creation, a->meta.name) < std::tie(b->meta.creation, b->meta.name);
}

// Whether following `parents` from `from` comes to `to`.
bool leads_to(const Parents& parents, const sched::QuotaId& from, const sched::QuotaId& to) {
  sched::QuotaId at = from;
  for (size_t step = 0; step <= parents.size(); ++step) {
    if (at == to) return true;
    const auto next = parents.find(at);
    if (next == parents.end()) return false;
    at = next->second;
  }
  return false;
}

std::map<sched::Column, sched::Limit> limits_of(const api::QuotaSpec& spec) {
  std::map<sched::Column, sched::Limit> limits;
  for (const api::QuotaLimit& limit : spec.limits) {
    limits[sched::column_of(limit.device_class, limit.region)] = {
        .guaranteed = limit.guaranteed,
        .borrowing = limit.borrowing_limit,
        .lending = limit.lending_limit.value_or(kUnlimited)};
  }
  return limits;
}

void claim_namespaces(const api::Quota& quota, const std::set<std::string>& exempt,
                      Tenancy& tenancy) {
  for (const std::string& name_space : quota.spec.namespaces) {
    if (exempt.contains(name_space)) {
      tenancy.problems.insert_or_assign(
          quota.meta.name,
          QuotaProblem{"Exempt", "namespace " + name_space + " is exempt from Berth"});
      continue;
    }
    const auto [at, claimed] =
        tenancy.quota_of.emplace(name_space, sched::QuotaId{quota.meta.name});
    if (claimed) continue;
    tenancy.problems.insert_or_assign(
        quota.meta.name,
        QuotaProblem{"Conflict",
                     "namespace " + name_space + " belongs to the older Quota " + at->second.name});
  }
}

}  // namespace

std::vector<sched::QuotaId> Tenancy::path(const sched::QuotaId& leaf) const {
  std::vector<sched::QuotaId> ids{leaf};
  for (auto at = parents.find(leaf); at != parents.end(); at = parents.find(at->second)) {
    ids.push_back(at->second);
  }
  return ids;
}

const sched::QuotaId* Tenancy::find(const std::string& name_space) const {
  const auto at = quota_of.find(name_space);
  return at == quota_of.end() ? nullptr : &at->second;
}

std::string Tenancy::default_tier(const std::string& name_space) const {
  const sched::QuotaId* quota = find(name_space);
  if (quota == nullptr || tiers.empty()) return {};
  for (const sched::QuotaId& id : path(*quota)) {
    const auto listed = tiers.find(id);
    if (listed != tiers.end()) return listed->second.front();
  }
  return {};
}

Tenancy settle(std::vector<const api::Quota*> quotas,
               const std::set<std::string>& exempt_namespaces) {
  std::sort(quotas.begin(), quotas.end(), is_older_quota);
  std::map<std::string, const api::Quota*> by_name;
  for (const api::Quota* quota : quotas) by_name.emplace(quota->meta.name, quota);
  Tenancy tenancy;
  for (const api::Quota* quota : quotas) {
    const std::string& name = quota->meta.name;
    const std::string& parent = quota->spec.parent;
    sched::Quota made{.id = {name},
                      .parent = {},
                      .limits = limits_of(quota->spec),
                      .weight = quota->spec.weight,
                      .tiers = quota->spec.tiers,
                      .ordering = quota->spec.ordering == api::QuotaOrdering::Fifo
                                      ? sched::Ordering::Fifo
                                      : sched::Ordering::Fair};
    claim_namespaces(*quota, exempt_namespaces, tenancy);
    if (!quota->spec.tiers.empty()) tenancy.tiers.emplace(made.id, quota->spec.tiers);
    const auto above = by_name.find(parent);
    if (!parent.empty() && above == by_name.end()) {
      made.parent = sched::QuotaId{parent};  // the tree leaves it out
      tenancy.problems.insert_or_assign(
          name, QuotaProblem{"ParentMissing", "its parent " + parent + " does not exist"});
    } else if (!parent.empty() && !above->second->spec.namespaces.empty()) {
      tenancy.problems.insert_or_assign(
          name, QuotaProblem{"Conflict", "its parent " + parent +
                                             " has namespaces: the parent is ignored here"});
    } else if (!parent.empty() && leads_to(tenancy.parents, {parent}, {name})) {
      tenancy.problems.insert_or_assign(
          name, QuotaProblem{"Conflict",
                             "its parent " + parent + " is below it: the parent is ignored here"});
    } else if (!parent.empty()) {
      tenancy.parents.emplace(sched::QuotaId{name}, sched::QuotaId{parent});
      made.parent = sched::QuotaId{parent};
    }
    tenancy.quotas.push_back(std::move(made));
  }
  return tenancy;
}

}  // namespace berth::translate
