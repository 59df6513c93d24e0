#include "operator/controllers/quota/budget_status.h"

#include "json/time.h"

namespace berth::control {
namespace {

constexpr int64_t kCents = 100;

// "12.34": `number` in hundredths, rounded down.
std::string hundredths(int64_t number) {
  const std::string rest = std::to_string(kCents + number % kCents).substr(1);
  return std::to_string(number / kCents) + "." + rest;
}

std::string hours(int64_t device_ms) {
  return hundredths(device_ms / (sched::Spent::kMillisPerHour / kCents));
}

std::string dollars(int64_t micro_usd) { return hundredths(micro_usd / 10'000); }

std::string_view name_of(sched::BudgetWindow window) {
  switch (window) {
    case sched::BudgetWindow::Day: return "day";
    case sched::BudgetWindow::Week: return "week";
    case sched::BudgetWindow::Month: return "month";
  }
  __builtin_unreachable();
}

// "12.34 of 100.00 device-hours and 3.20 of 50.00 USD".
std::string amounts(const BudgetFacts& facts) {
  std::string text;
  if (facts.budget.device_ms) {
    text +=
        hours(facts.spent.device_ms) + " of " + hours(*facts.budget.device_ms) + " device-hours";
  }
  if (facts.budget.micro_usd) {
    text += (text.empty() ? "" : " and ") + dollars(facts.spent.micro_usd) + " of " +
            dollars(*facts.budget.micro_usd) + " USD";
  }
  return text;
}

// What becomes of it at the present rate.
std::string forecast(const BudgetFacts& facts) {
  const Instant end = sched::window_end(facts.budget.window, facts.until);
  if (is_spent(facts)) {
    return facts.budget.on_spent == sched::Budget::OnSpent::Hold
               ? "nothing more starts before " + format_time(end)
               : "work goes on starting, since onSpent is Alert";
  }
  if (facts.rate.devices == 0) return "nothing runs";
  const std::string at = "at " + std::to_string(facts.rate.devices) + " devices, as now, it ";
  const auto out = sched::budget_spent_at(facts.budget, facts.spent, facts.rate, facts.until);
  if (!out) return at + "lasts until the window ends at " + format_time(end);
  return at + "runs out at " + format_time(std::chrono::floor<std::chrono::minutes>(*out));
}

}  // namespace

void show_budget(const BudgetFacts& facts, api::QuotaStatus& status, Stamp& stamp) {
  status.budget_used =
      api::BudgetUsed{.device_hours = facts.spent.device_ms / sched::Spent::kMillisPerHour,
                      .device_milliseconds = facts.spent.device_ms,
                      .micro_usd = facts.spent.micro_usd,
                      .window_start = sched::window_start(facts.budget.window, facts.until),
                      .counted_until = facts.until};
  std::string text = "spent " + amounts(facts) + " of this " +
                     std::string(name_of(facts.budget.window)) + ": " + forecast(facts);
  if (!facts.unpriced.empty()) text += "; no CapacityPool has a price for " + facts.unpriced;
  const bool spent = is_spent(facts);
  stamp.set("BudgetSpent", spent, spent ? "Spent" : "WithinBudget", std::move(text));
}

void hide_budget(api::QuotaStatus& status, Stamp& stamp) {
  status.budget_used.reset();
  stamp.clear_if_set("BudgetSpent", "NoBudget", "there is no budget");
}

std::string held_text(const std::string& quota, const BudgetFacts& facts) {
  const Instant end = sched::window_end(facts.budget.window, facts.until);
  std::string bounds;
  const sched::BudgetLeft left = sched::budget_left(facts.budget, facts.spent);
  if (left.device_ms == 0) bounds = hours(*facts.budget.device_ms) + " device-hours";
  if (left.micro_usd == 0) {
    bounds += (bounds.empty() ? "" : " and ") + dollars(*facts.budget.micro_usd) + " USD";
  }
  return "quota " + quota + " has spent its " + bounds + " of this " +
         std::string(name_of(facts.budget.window)) + ": the next begins at " + format_time(end);
}

}  // namespace berth::control
