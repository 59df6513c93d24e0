#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "api/quota.h"
#include "base/clock.h"
#include "operator/scheduling/spending.h"
#include "sched/quota_tree.h"
#include "translate/tenancy.h"

// What the status of one Quota should say: a pure function of what is held.
namespace berth::control {

// Of one column: a device class in one region or in all, whole devices.
struct ClassUse {
  int64_t used = 0;  // admitted work here and below, as the ledger has it
  int64_t guaranteed_below = 0;
  int64_t borrowed = 0;
  int64_t lent = 0;
  int64_t pending = 0;
  int64_t unadmitted = 0;
  bool operator==(const ClassUse&) const = default;
};

struct QuotaFacts {
  const api::Quota& quota;
  std::map<sched::Column, ClassUse> classes;
  std::optional<translate::QuotaProblem> problem;
  int64_t epoch = 0;
  Instant now;
  const BudgetFacts* budget = nullptr;  // nothing: it has none
  bool budget_is_due = false;           // worth a write of its own
  std::optional<int64_t> share_of_fair_basis_points = {};
};

struct QuotaPlan {
  api::QuotaStatus status;
  bool is_urgent = false;            // `used` or the epoch must change: others wait for it
  bool is_changed = false;           // something differs at all
  std::set<sched::Column> too_much;  // more is held than the limits let `used` say
};

QuotaPlan decide(const QuotaFacts& facts);

}  // namespace berth::control
