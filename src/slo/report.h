#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "slo/history.h"

namespace berth::slo {

// `spec.slo`. Objectives in basis points: 9990 is 99.9 %.
struct Objectives {
  int64_t window_days = 30;
  std::optional<int64_t> availability_basis_points;
  std::optional<int64_t> latency_basis_points;  // of requests within the bound that `late` is about
  int64_t freeze_below_budget_percent = 20;
};

// Google SRE workbook, chapter 5: a pair fires while both windows burn faster than what would spend
// `budget_percent` of the error budget within the long one. For 30 days: 14.4, 6, 3 and 1.
enum class Urgency { Page, Ticket };
struct BurnPair {
  Millis long_window{0};
  Millis short_window{0};
  int64_t budget_percent = 0;
  Urgency urgency = Urgency::Ticket;
};
inline constexpr std::array<BurnPair, 4> kBurnPairs = {{
    {std::chrono::hours{1}, std::chrono::minutes{5}, 2, Urgency::Page},
    {std::chrono::hours{6}, std::chrono::minutes{30}, 5, Urgency::Page},
    {std::chrono::hours{24}, std::chrono::hours{2}, 10, Urgency::Ticket},
    {std::chrono::hours{72}, std::chrono::hours{6}, 10, Urgency::Ticket},
}};
// Burn rate at which the pair fires, in percent: 1440 is 14.4 times the rate that spends exactly
// the budget in the window. Never less than that rate, which breaks no promise however short the
// objectives' window is; pairs that are longer than that window do not fire.
int64_t threshold_percent(const BurnPair& pair, int64_t window_days);

// The reason of the condition SLOMet.
enum class Reason { BudgetHealthy, FastBurn, SlowBurn, Frozen, NotEnoughTraffic };
std::string_view name(Reason reason);

struct Report {
  Reason reason = Reason::NotEnoughTraffic;
  std::optional<bool> is_met;  // the condition's status; absent: Unknown
  std::string message;
  // Below the budget of Objectives: no rollout starts, replicas give way last. False where there
  // is not enough traffic to say.
  bool is_frozen = false;

  // For the status. Of the two objectives that which is worse; absent: too few requests.
  std::optional<int64_t> availability_basis_points;
  std::optional<int64_t> budget_remaining_basis_points;  // negative: overspent
  std::optional<int64_t> burn_1h_percent;
  std::optional<int64_t> burn_6h_percent;
};

// Fewer requests in a window say nothing about it.
inline constexpr int64_t kEnoughRequests = 1000;

// How the objectives are kept. A pair counts only with kEnoughRequests in its long window, the
// budget only with as many in the objectives' window.
//   burn      = (bad / requests) / (1 - objective)
//   remaining = 1 - burn over the objectives' window
//   FastBurn: a page fires; SlowBurn: a ticket; Frozen: neither, but the budget is low. Not met: a
//   pair fires or the budget is overspent.
// Pure. Cost: O(buckets).
Report report(const Objectives& objectives, const History& history, Instant now);

}  // namespace berth::slo
