#include "slo/report.h"

#include <algorithm>

#include "base/saturating.h"

namespace berth::slo {
namespace {

using std::chrono::hours;

constexpr int64_t kWhole = 10'000;
constexpr int64_t kPercent = 100;

struct Objective {
  std::string_view name;  // of what is bad
  int64_t budget_basis_points = 0;
  int64_t Tally::*bad = nullptr;
};

// bad / requests / budget x scale; rounded up, so that a budget that is overspent never looks
// whole.
int64_t burn(const Objective& objective, const Tally& tally, int64_t scale) {
  if (tally.requests == 0) return 0;
  const __int128 spent = static_cast<__int128>(tally.*objective.bad) * kWhole * scale;
  const __int128 may = static_cast<__int128>(tally.requests) * objective.budget_basis_points;
  return static_cast<int64_t>(std::min<__int128>((spent + may - 1) / may, kUnlimited));
}

struct Firing {
  const BurnPair* pair = nullptr;
  std::string_view bad;
  int64_t burn_percent = 0;
};

// "14.4" of 1440 percent, to a tenth.
std::string times(int64_t percent) {
  const int64_t tenth = percent / 10;
  return std::to_string(tenth / 10) + "." + std::to_string(tenth % 10);
}
// "99.95 %" of 9995.
std::string percent_text(int64_t basis_points) {
  const int64_t size = basis_points < 0 ? -basis_points : basis_points;
  const std::string cents = std::to_string(size % 100);
  return (basis_points < 0 ? "-" : "") + std::to_string(size / 100) + "." +
         (cents.size() == 1 ? "0" : "") + cents + " %";
}
std::string window_text(Millis window) {
  const int64_t minutes = window.count() / 60'000;
  return minutes % 60 == 0 ? std::to_string(minutes / 60) + " h" : std::to_string(minutes) + " min";
}

class Judgement {
 public:
  Judgement(const Objectives& objectives, const History& history, Instant now)
      : objectives_(objectives),
        history_(history),
        now_(now),
        whole_(history.over(hours{24} * objectives.window_days, now)) {
    if (objectives.availability_basis_points) {
      add("requests with errors", *objectives.availability_basis_points, &Tally::errors);
    }
    if (objectives.latency_basis_points) {
      add("late requests", *objectives.latency_basis_points, &Tally::late);
    }
  }

  Report take() {
    report_.burn_1h_percent = worst_burn(hours{1});
    report_.burn_6h_percent = worst_burn(hours{6});
    if (count_ == 0 || whole_.requests < kEnoughRequests) return too_little();
    report_.availability_basis_points = kWhole - burn({"", kWhole, &Tally::errors}, whole_, kWhole);
    report_.budget_remaining_basis_points = remaining();
    const int64_t freeze_below = objectives_.freeze_below_budget_percent * kWhole / kPercent;
    report_.is_frozen = *report_.budget_remaining_basis_points < freeze_below;
    return judge();
  }

 private:
  void add(std::string_view bad_name, int64_t objective, int64_t Tally::*bad) {
    const int64_t budget = std::max<int64_t>(1, kWhole - objective);
    kept_[count_++] = {bad_name, budget, bad};
  }

  std::optional<int64_t> worst_burn(Millis window) const {
    const Tally tally = history_.over(window, now_);
    if (count_ == 0 || tally.requests < kEnoughRequests) return std::nullopt;
    int64_t worst = 0;
    for (size_t at = 0; at < count_; ++at) {
      worst = std::max(worst, burn(kept_[at], tally, kPercent));
    }
    return worst;
  }

  int64_t remaining() const {
    int64_t least = kWhole;
    for (size_t at = 0; at < count_; ++at) {
      least = std::min(least, kWhole - burn(kept_[at], whole_, kWhole));
    }
    return least;
  }

  // The most urgent one.
  Firing firing() const {
    for (const BurnPair& pair : kBurnPairs) {
      if (pair.long_window > hours{24} * objectives_.window_days) continue;
      const Tally over_long = history_.over(pair.long_window, now_);
      const Tally over_short = history_.over(pair.short_window, now_);
      if (over_long.requests < kEnoughRequests) continue;
      const int64_t threshold = threshold_percent(pair, objectives_.window_days);
      for (size_t at = 0; at < count_; ++at) {
        const int64_t long_burn = burn(kept_[at], over_long, kPercent);
        if (long_burn > threshold && burn(kept_[at], over_short, kPercent) > threshold) {
          return {&pair, kept_[at].name, long_burn};
        }
      }
    }
    return {};
  }

  Report too_little() {
    report_.reason = Reason::NotEnoughTraffic;
    report_.message = count_ == 0 ? "no objective is given"
                                  : std::to_string(whole_.requests) + " requests in " +
                                        std::to_string(objectives_.window_days) +
                                        " d, too few below " + std::to_string(kEnoughRequests);
    return report_;
  }

  Report judge() {
    const int64_t left = *report_.budget_remaining_basis_points;
    const std::string budget = percent_text(left) + " of the error budget of " +
                               std::to_string(objectives_.window_days) + " d is left";
    const Firing fires = firing();
    report_.is_met = fires.pair == nullptr && left >= 0;
    if (fires.pair != nullptr) {
      report_.reason = fires.pair->urgency == Urgency::Page ? Reason::FastBurn : Reason::SlowBurn;
      report_.message = std::string(fires.bad) + " burn the budget " + times(fires.burn_percent) +
                        " times as fast as allowed over " + window_text(fires.pair->long_window) +
                        ", the limit is " +
                        times(threshold_percent(*fires.pair, objectives_.window_days)) + "; " +
                        budget;
    } else if (report_.is_frozen) {
      report_.reason = Reason::Frozen;
      report_.message = budget + ", below " +
                        std::to_string(objectives_.freeze_below_budget_percent) +
                        " %: no rollout starts, its replicas give way last";
    } else {
      report_.reason = Reason::BudgetHealthy;
      report_.message = budget + " after " + std::to_string(whole_.requests) + " requests";
    }
    return report_;
  }

  const Objectives& objectives_;
  const History& history_;
  const Instant now_;
  const Tally whole_;
  std::array<Objective, 2> kept_{};
  size_t count_ = 0;
  Report report_;
};

}  // namespace

int64_t threshold_percent(const BurnPair& pair, int64_t window_days) {
  const int64_t threshold = pair.budget_percent * (hours{24} * window_days) / pair.long_window;
  return std::max(kPercent, threshold);
}

std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::BudgetHealthy: return "BudgetHealthy";
    case Reason::FastBurn: return "FastBurn";
    case Reason::SlowBurn: return "SlowBurn";
    case Reason::Frozen: return "Frozen";
    case Reason::NotEnoughTraffic: return "NotEnoughTraffic";
  }
  __builtin_unreachable();
}

Report report(const Objectives& objectives, const History& history, Instant now) {
  return Judgement(objectives, history, now).take();
}

}  // namespace berth::slo
