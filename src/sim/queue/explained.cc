#include "sim/queue/explained.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "sched/explain/explain.h"
#include "sim/queue/core_estimator.h"
#include "sim/queue/core_policy.h"

namespace berth::sim::queue {
namespace {

// Which pass of those that hold a job is looked at, counted from 1.
using Sample = std::map<JobId, int64_t>;

struct Estimate {
  JobId job = 0;
  Instant made;
  Instant start;
};

Result<std::vector<int64_t>> count_holds(const QueueSetup& setup, const OnProgress& on_progress) {
  std::vector<int64_t> holds(setup.jobs.size(), 0);
  CorePolicy policy(setup.core);
  policy.on_held([&](JobId job, const CorePolicy::Facts&) { ++holds[static_cast<size_t>(job)]; });
  CoreEstimator estimator;
  BERTH_TRY(replay(setup, policy, estimator, on_progress));
  return holds;
}

// What std::shuffle draws is the library's choice; this is the same everywhere.
Sample draw(const std::vector<int64_t>& holds, int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<JobId> held;
  for (size_t job = 0; job < holds.size(); ++job) {
    if (holds[job] > 0) held.push_back(static_cast<JobId>(job));
  }
  for (size_t left = held.size(); left > 1; --left) {
    std::swap(held[left - 1], held[random() % left]);
  }
  held.resize(std::min(held.size(), static_cast<size_t>(count)));
  Sample sample;
  for (const JobId job : held) {
    const auto times = static_cast<uint64_t>(holds[static_cast<size_t>(job)]);
    sample[job] = 1 + static_cast<int64_t>(random() % times);
  }
  return sample;
}

bool starts(const sched::Scene& scene, const sched::WorkloadId& id) {
  const auto decision = sched::decide(scene, id);
  return decision && !std::holds_alternative<sched::Hold>(*decision);
}

std::optional<Estimate> look(const sched::Scene& scene, JobId job, const sched::WorkloadId& id,
                             ExplainReport& report) {
  const auto told = sched::explain(scene, id);
  if (!told) return std::nullopt;
  ++report.sampled;
  if (!told->fixes.empty()) {
    ++report.with_change;
    if (starts(sched::with(scene, id, told->fixes.front().change), id)) ++report.started;
  }
  if (told->starts == Instant::max()) return std::nullopt;
  return Estimate{job, scene.now, told->starts};
}

// Of the estimates, how far off they were, in percent of the wait.
void judge(const QueueSetup& setup, const Outcome& outcome, const std::vector<Estimate>& estimates,
           ExplainReport& report) {
  std::vector<double> errors;
  int64_t early = 0;
  for (const Estimate& estimate : estimates) {
    Instant waits_since = setup.jobs[static_cast<size_t>(estimate.job)].visible.submitted;
    for (const Stretch& run : outcome.jobs[static_cast<size_t>(estimate.job)].runs) {
      if (run.from < estimate.made) {
        waits_since = run.to;
        continue;
      }
      const auto off = static_cast<double>((estimate.start - run.from).count());
      const auto wait = static_cast<double>((run.from - waits_since).count());
      errors.push_back(100 * std::abs(off) / std::max(1.0, wait));
      early += off < 0 ? 1 : 0;
      break;
    }
  }
  report.estimated = static_cast<int64_t>(errors.size());
  if (errors.empty()) return;
  std::sort(errors.begin(), errors.end());
  report.start_error_percent = errors[(errors.size() - 1) / 2];
  report.early_percent = 100.0 * static_cast<double>(early) / static_cast<double>(errors.size());
}

}  // namespace

Result<ExplainReport> explain_sample(const QueueSetup& setup, int64_t count, uint64_t seed,
                                     const OnProgress& on_progress) {
  Sample sample = draw(BERTH_TRY(count_holds(setup, on_progress)), count, seed);
  ExplainReport report;
  std::vector<Estimate> estimates;
  CorePolicy policy(setup.core);
  policy.on_held([&](JobId job, const CorePolicy::Facts& facts) {
    const auto at = sample.find(job);
    if (at == sample.end() || --at->second != 0) return;
    if (auto estimate = look(facts.scene(), job, facts.id(job), report)) {
      estimates.push_back(*estimate);
    }
  });
  CoreEstimator estimator;
  const Outcome outcome = BERTH_TRY(replay(setup, policy, estimator, on_progress));
  judge(setup, outcome, estimates, report);
  return report;
}

}  // namespace berth::sim::queue
