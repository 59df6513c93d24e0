#include "operator/controllers/quota/quota_plan.h"

#include <algorithm>

#include "api/condition.h"
#include "operator/controllers/quota/budget_status.h"
#include "operator/world/stamp.h"

namespace berth::control {
namespace {

const api::QuotaUse* stored_use(const api::Quota& quota, const sched::Column& column) {
  for (const api::QuotaUse& use : quota.status.limits) {
    if (sched::column_of(use.device_class, use.region) == column) return &use;
  }
  return nullptr;
}

// The most that the API server's rule lets `used` grow to.
int64_t most_used(const api::Quota& quota, const sched::Column& column, const ClassUse& use) {
  int64_t guaranteed = quota.spec.namespaces.empty() ? use.guaranteed_below : 0;
  int64_t borrowing = 0;
  for (const api::QuotaLimit& limit : quota.spec.limits) {
    if (sched::column_of(limit.device_class, limit.region) != column) continue;
    if (!quota.spec.namespaces.empty()) guaranteed = limit.guaranteed;
    borrowing = limit.borrowing_limit;
  }
  return add_saturating(guaranteed, borrowing);
}

api::QuotaUse use_of(const QuotaFacts& facts, const sched::Column& column, const ClassUse& use) {
  const api::QuotaUse* stored = stored_use(facts.quota, column);
  const int64_t before = stored == nullptr ? 0 : stored->used;
  // What moved in with a namespace can be more than the limit; it stays visible as unadmitted.
  const int64_t most = std::max(before, most_used(facts.quota, column, use));
  const int64_t used = std::min(use.used, most);
  return {.device_class = sched::class_in(column),
          .region = sched::region_in(column),
          .used = used,
          .subtree_guaranteed = use.guaranteed_below,
          .borrowed = use.borrowed,
          .lent = use.lent,
          .pending = use.pending,
          .unadmitted = add_saturating(use.unadmitted, std::max<int64_t>(0, use.used - used))};
}

std::string borrowed_text(const std::vector<api::QuotaUse>& limits) {
  std::string text;
  for (const api::QuotaUse& use : limits) {
    if (use.borrowed == 0) continue;
    text += (text.empty() ? "borrows " : ", ") + std::to_string(use.borrowed) + " " +
            use.device_class + (use.region.empty() ? "" : " in " + use.region);
  }
  return text;
}

void set_conditions(const QuotaFacts& facts, api::QuotaStatus& status) {
  Stamp stamp{status.conditions, facts.quota.meta.generation, facts.now};
  if (facts.problem) {
    stamp.set("Ready", false, facts.problem->reason, facts.problem->message);
  } else {
    stamp.set("Ready", true, "Enforced", "admission follows these limits");
  }
  const std::string borrowed = borrowed_text(status.limits);
  if (!borrowed.empty()) {
    stamp.set("Borrowing", true, "Borrowing", borrowed);
  } else {
    stamp.clear_if_set("Borrowing", "WithinGuarantee", "borrows nothing");
  }
}

bool needs_write_now(const api::QuotaStatus& now, const api::Quota& quota) {
  if (now.epoch != quota.status.epoch) return true;
  return std::any_of(now.limits.begin(), now.limits.end(), [&](const api::QuotaUse& use) {
    const api::QuotaUse* stored = stored_use(quota, sched::column_of(use.device_class, use.region));
    return use.used > (stored == nullptr ? 0 : stored->used);
  });
}

// Time alone changes what is spent: it is written with whatever else is, and now and then by
// itself.
void set_budget(const QuotaFacts& facts, QuotaPlan& plan) {
  Stamp stamp{plan.status.conditions, facts.quota.meta.generation, facts.now};
  if (facts.budget == nullptr) {
    if (!facts.quota.spec.budget) hide_budget(plan.status, stamp);
  } else if (facts.budget_is_due || plan.status != facts.quota.status) {
    show_budget(*facts.budget, plan.status, stamp);
  }
}

}  // namespace

QuotaPlan decide(const QuotaFacts& facts) {
  QuotaPlan plan;
  plan.status = facts.quota.status;
  plan.status.observed_generation = facts.quota.meta.generation;
  plan.status.epoch = std::max(facts.epoch, facts.quota.status.epoch);
  plan.status.limits.clear();
  std::map<sched::Column, ClassUse> columns = facts.classes;
  for (const api::QuotaLimit& limit : facts.quota.spec.limits) {
    columns.try_emplace(sched::column_of(limit.device_class, limit.region));
  }
  for (const auto& [column, use] : columns) {
    plan.status.limits.push_back(use_of(facts, column, use));
    if (plan.status.limits.back().used < use.used) plan.too_much.insert(column);
  }
  plan.status.summary = api::summary_of(facts.quota.spec, plan.status);
  if (facts.share_of_fair_basis_points) {
    plan.status.share_of_fair_basis_points = facts.share_of_fair_basis_points;
  }
  set_conditions(facts, plan.status);
  set_budget(facts, plan);
  plan.is_changed = plan.status != facts.quota.status;
  plan.is_urgent = plan.is_changed && needs_write_now(plan.status, facts.quota);
  return plan;
}

}  // namespace berth::control
