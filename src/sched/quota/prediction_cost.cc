#include "sched/quota/prediction_cost.h"

#include <algorithm>
#include <numeric>

#include "base/saturating.h"

namespace berth::sched {
namespace {

std::vector<int64_t> whole_of(std::span<const PredictionFacts> endpoints,
                              Spent PredictionFacts::*window) {
  std::vector<Spent> spent;
  spent.reserve(endpoints.size());
  for (const PredictionFacts& facts : endpoints) spent.push_back(facts.*window);
  return whole_micro_usd(spent);
}

// micro_usd x 1000 / answered, to the nearest.
std::optional<int64_t> per_thousand(int64_t micro_usd, int64_t answered) {
  if (answered <= 0) return std::nullopt;
  const __int128 cost = static_cast<__int128>(micro_usd) * 1000 + answered / 2;
  return static_cast<int64_t>(std::min<__int128>(cost / answered, kUnlimited));
}

std::optional<int64_t> utilization(int64_t busy_ms, int64_t held_ms) {
  if (held_ms <= 0) return std::nullopt;
  const __int128 percent = static_cast<__int128>(std::max<int64_t>(0, busy_ms)) * 100 / held_ms;
  return static_cast<int64_t>(std::min<__int128>(percent, 100));
}

}  // namespace

std::vector<int64_t> whole_micro_usd(std::span<const Spent> spent) {
  std::vector<int64_t> whole;
  whole.reserve(spent.size());
  int64_t rests = 0;
  for (const Spent& one : spent) {
    whole.push_back(one.micro_usd);
    rests += one.rest;
  }
  std::vector<size_t> by_rest(spent.size());
  std::iota(by_rest.begin(), by_rest.end(), size_t{0});
  std::stable_sort(by_rest.begin(), by_rest.end(),
                   [&](size_t a, size_t b) { return spent[a].rest > spent[b].rest; });
  const auto extra = static_cast<size_t>(rests / Spent::kMillisPerHour);
  for (size_t at = 0; at < std::min(extra, by_rest.size()); ++at) {
    whole[by_rest[at]] = add_saturating(whole[by_rest[at]], 1);
  }
  return whole;
}

std::vector<PredictionCost> prediction_costs(std::span<const PredictionFacts> endpoints) {
  const std::vector<int64_t> today = whole_of(endpoints, &PredictionFacts::today);
  const std::vector<int64_t> month = whole_of(endpoints, &PredictionFacts::month);
  std::vector<PredictionCost> costs;
  costs.reserve(endpoints.size());
  for (size_t at = 0; at < endpoints.size(); ++at) {
    const PredictionFacts& facts = endpoints[at];
    costs.push_back(
        {.micro_usd_today = today[at],
         .micro_usd_month = month[at],
         .micro_usd_per_1k_predictions = per_thousand(today[at], facts.answered),
         .utilization_percent = utilization(facts.busy_device_ms, facts.today.device_ms)});
  }
  return costs;
}

}  // namespace berth::sched
