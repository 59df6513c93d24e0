#include "sim/endpoint/simulate.h"

#include <algorithm>
#include <cmath>

namespace berth::sim::endpoint {
namespace {

constexpr double kTickSeconds = 2;
constexpr double kWhole = 10'000;

double end_of(const std::vector<Request>& requests) {
  return requests.empty() ? 0 : requests.back().at;
}

double share(const Settings& settings) {
  return static_cast<double>(settings.objective_basis_points) / kWhole;
}

Outcome outcome_of(const std::string& scaler, const Counted& counted, double least) {
  Outcome outcome{.scaler = scaler, .counted = counted, .unanswered = counted.in_flight};
  const auto bad = static_cast<double>(counted.late + outcome.unanswered);
  const auto all = static_cast<double>(std::max<int64_t>(1, counted.arrived));
  outcome.met_percent = 100 * (1 - bad / all);
  outcome.ratio = least > 0 ? counted.replica_seconds / least : 0;
  return outcome;
}

// Work done by the cheapest share of requests that have to be answered by the end.
double least_work(const std::vector<Request>& requests, const Settings& settings) {
  std::vector<double> works;
  for (const Request& request : requests) {
    if (request.at + settings.bound_seconds <= end_of(requests)) works.push_back(request.work);
  }
  std::sort(works.begin(), works.end());
  const double may_fail = static_cast<double>(requests.size()) * (1 - share(settings));
  const double kept = std::max(0.0, static_cast<double>(works.size()) - std::floor(may_fail));
  double sum = 0;
  for (size_t n = 0; n < static_cast<size_t>(kept); ++n) sum += works[n];
  return sum;
}

// Over the pauses between groups of requests that are too many to be missed.
double pauses_cost(const std::vector<Request>& requests, const Settings& settings) {
  const double start = settings.replica.start_seconds;
  const double may_fail = static_cast<double>(requests.size()) * (1 - share(settings));
  double cost = 0;
  double group_end = 0;  // of the last group that counts
  bool is_first = true;
  for (size_t first = 0; first < requests.size();) {
    size_t next = first + 1;
    const auto is_near = [&](size_t at) {
      return requests[at].at <= requests[at - 1].at + settings.bound_seconds + start;
    };
    while (next < requests.size() && is_near(next)) ++next;
    if (static_cast<double>(next - first) > may_fail) {
      if (!is_first) cost += std::min(start, std::max(0.0, requests[first].at - group_end));
      group_end = requests[next - 1].at + settings.bound_seconds;
      is_first = false;
    }
    first = next;
  }
  return cost;
}

std::vector<double> work_by_second(const std::vector<Request>& requests) {
  std::vector<double> work(static_cast<size_t>(end_of(requests)) + 1);
  for (const Request& request : requests) work[static_cast<size_t>(request.at)] += request.work;
  return work;
}

// Replicas for the work around each second, of `smooth` seconds, times the headroom.
std::vector<int64_t> plan(const std::vector<double>& work, const Settings& settings, size_t smooth,
                          double headroom) {
  std::vector<double> sums(work.size() + 1);
  for (size_t at = 0; at < work.size(); ++at) sums[at + 1] = sums[at] + work[at];
  std::vector<int64_t> ready(work.size());
  for (size_t at = 0; at < work.size(); ++at) {
    const size_t from = at > smooth / 2 ? at - smooth / 2 : 0;
    const size_t to = std::min(work.size(), from + smooth);
    const double rate = (sums[to] - sums[from]) / static_cast<double>(to - from);
    const double replicas = headroom * rate / settings.replica.most_work_rate();
    const auto needed = static_cast<int64_t>(std::ceil(replicas - 1e-9));
    ready[at] = std::clamp(needed, settings.rules.min_replicas, settings.rules.max_replicas);
  }
  return ready;
}

}  // namespace

Counted simulate(const std::vector<Request>& requests, const Settings& settings, int64_t ready,
                 Scaler& scaler) {
  Fleet fleet(settings.replica, settings.bound_seconds, ready);
  double next_tick = 0;
  const auto tick = [&] {
    fleet.advance(next_tick);
    fleet.scale_to(scaler.desired({.now = next_tick,
                                   .counted = fleet.counted(),
                                   .ready = fleet.ready(),
                                   .starting = fleet.starting()}));
    next_tick += kTickSeconds;
  };
  for (const Request& request : requests) {
    while (next_tick <= request.at) tick();
    fleet.arrive(request);
  }
  return fleet.counted();
}

int64_t ready_at_first(const std::vector<Request>& requests, const Settings& settings) {
  constexpr double kFirst = 300;
  constexpr double kFill = 0.85;
  double work = 0;
  for (const Request& request : requests) {
    if (request.at >= kFirst) break;
    work += request.work;
  }
  const double replicas = work / kFirst / settings.replica.most_work_rate() / kFill;
  return std::clamp(static_cast<int64_t>(std::ceil(replicas)), settings.rules.min_replicas,
                    settings.rules.max_replicas);
}

double least_replica_seconds(const std::vector<Request>& requests, const Settings& settings) {
  const double working = least_work(requests, settings) / settings.replica.most_work_rate() +
                         pauses_cost(requests, settings);
  const double idle = static_cast<double>(settings.rules.min_replicas) * end_of(requests);
  return std::max(working, idle);
}

Outcome best_plan(const std::vector<Request>& requests, const Settings& settings) {
  const double least = least_replica_seconds(requests, settings);
  const std::vector<double> work = work_by_second(requests);
  const int64_t first = ready_at_first(requests, settings);
  Outcome best;
  for (const size_t smooth : {10, 30, 120}) {
    double too_little = 0.8;
    double enough = 2;
    for (int step = 0; step < 6; ++step) {
      const double headroom = (too_little + enough) / 2;
      PlannedScaler scaler(plan(work, settings, smooth, headroom), settings.replica.start_seconds);
      const Outcome tried = outcome_of("plan", simulate(requests, settings, first, scaler), least);
      const bool holds = tried.met_percent >= 100 * share(settings);
      (holds ? enough : too_little) = headroom;
      if (holds && (best.ratio == 0 || tried.ratio < best.ratio)) best = tried;
    }
  }
  best.scaler = "plan";
  return best;
}

Report compare(const std::vector<Request>& requests, const Settings& settings, bool with_plan) {
  const double least = least_replica_seconds(requests, settings);
  const int64_t first = ready_at_first(requests, settings);
  Report report{.requests = static_cast<int64_t>(requests.size()),
                .seconds = end_of(requests),
                .least_replica_seconds = least};
  std::optional<int64_t> late;
  if (settings.learns) late = 10'000 - settings.objective_basis_points;
  BerthScaler berth({.rules = settings.rules,
                     .largest_batch = settings.replica.max_batch,
                     .late_basis_points = late,
                     .start_up = Millis{std::llround(settings.replica.start_seconds * 1000)}},
                    first);
  report.outcomes.push_back(outcome_of("berth", simulate(requests, settings, first, berth), least));
  report.target = static_cast<double>(berth.target_milli()) / 1000;
  scaling::Rules by_hand = settings.rules;
  by_hand.target_milli = settings.replica.max_batch * 700;  // Knative's 70 % of what one can do
  KnativeScaler knative(by_hand, first);
  report.outcomes.push_back(
      outcome_of("knative", simulate(requests, settings, first, knative), least));
  if (with_plan) report.outcomes.push_back(best_plan(requests, settings));
  return report;
}

}  // namespace berth::sim::endpoint
