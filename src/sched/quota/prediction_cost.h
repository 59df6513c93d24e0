#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sched/quota/budget.h"

namespace berth::sched {

// What an endpoint's replicas have cost by allocation: their devices at the price of their class
// for as long as they are held, used or not. Utilisation stands beside it and bills nobody.
struct PredictionCost {
  int64_t micro_usd_today = 0;
  int64_t micro_usd_month = 0;
  // Absent: nothing was answered today.
  std::optional<int64_t> micro_usd_per_1k_predictions;
  // Of today's device time, that with work in hand; absent: nothing was held.
  std::optional<int64_t> utilization_percent;
  bool operator==(const PredictionCost&) const = default;
};

struct PredictionFacts {
  Spent today;                 // of the endpoint's SpendingLedger of BudgetWindow::Day
  Spent month;                 // and of BudgetWindow::Month
  int64_t answered = 0;        // predictions today, without those that failed
  int64_t busy_device_ms = 0;  // of today's device time
};

// Whole micro-dollars for each, so that their sum is that of what all have spent together, rounded
// down once: what rounding takes from one goes to those who lost most by it, ties to the first. So
// the costs of a ledger's endpoints add up to the ledger to the micro-dollar. A figure may go down
// by one when another endpoint's rest overtakes. Cost: O(n log n).
std::vector<int64_t> whole_micro_usd(std::span<const Spent> spent);

// By endpoint, in the order given; today's and the month's each add up exactly.
std::vector<PredictionCost> prediction_costs(std::span<const PredictionFacts> endpoints);

}  // namespace berth::sched
