#pragma once
#include <string>

#include "api/quota.h"
#include "operator/scheduling/spending.h"
#include "operator/world/stamp.h"

// What a Quota says of its budget. Pure.
namespace berth::control {

// budgetUsed and the condition BudgetSpent, with what is spent and when it runs out at the present
// rate.
void show_budget(const BudgetFacts& facts, api::QuotaStatus& status, Stamp& stamp);
// The budget is gone from the spec.
void hide_budget(api::QuotaStatus& status, Stamp& stamp);

// Why work of the Quota, or below it, is held.
std::string held_text(const std::string& quota, const BudgetFacts& facts);

}  // namespace berth::control
