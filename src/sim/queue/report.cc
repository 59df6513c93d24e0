#include "sim/queue/report.h"

#include <algorithm>
#include <cmath>

namespace berth::sim::queue {
namespace {

double seconds(Millis time) { return static_cast<double>(time.count()) / 1000; }

// Enough for people and for comparing, and without the noise of the last bits.
double rounded(double value) { return std::round(value * 1000) / 1000; }

double percent(int64_t part, int64_t whole) {
  return rounded(100 * static_cast<double>(part) / static_cast<double>(whole));
}

struct Windows {
  int64_t met = 0;
  int64_t all = 0;
};

Windows windows_of(Instant submitted, const JobOutcome& outcome, const Tier& tier) {
  Windows windows;
  size_t first = 0;
  for (Instant from = submitted; from < outcome.ended; from += tier.window) {
    const Instant to = std::min(from + tier.window, outcome.ended);
    while (first < outcome.runs.size() && outcome.runs[first].to <= from) ++first;
    Millis held{};
    for (size_t at = first; at < outcome.runs.size() && outcome.runs[at].from < to; ++at) {
      held += std::min(to, outcome.runs[at].to) - std::max(from, outcome.runs[at].from);
    }
    ++windows.all;
    if (held * 100 >= (to - from) * tier.device_time_percent) ++windows.met;
  }
  return windows;
}

// Sums over the jobs that ran.
struct Sums {
  std::vector<double> waits;  // seconds
  double ratio = 0;
  double work = 0;  // device-seconds
  double held = 0;
  int64_t deadlines = 0;
  int64_t deadlines_met = 0;
  Instant first = Instant::max();
  Instant last_submitted = Instant::min();
  Instant last_ended = Instant::min();
};

Sums sum_up(const QueueSetup& setup, const Outcome& outcome) {
  Sums sums;
  for (size_t id = 0; id < setup.jobs.size(); ++id) {
    const Job& job = setup.jobs[id];
    const JobOutcome& done = outcome.jobs[id];
    if (done.refused) continue;
    const Instant submitted = job.visible.submitted;
    const Millis completion = done.ended - submitted;
    const auto devices = static_cast<double>(job.visible.devices);
    sums.waits.push_back(seconds(completion - job.duration));
    sums.ratio += seconds(completion) / seconds(job.duration);
    sums.work += seconds(job.duration) * devices;
    for (const Stretch& run : done.runs) sums.held += seconds(run.to - run.from) * devices;
    if (job.visible.deadline) {
      ++sums.deadlines;
      if (done.ended <= *job.visible.deadline) ++sums.deadlines_met;
    }
    sums.first = std::min(sums.first, submitted);
    sums.last_submitted = std::max(sums.last_submitted, submitted);
    sums.last_ended = std::max(sums.last_ended, done.ended);
  }
  return sums;
}

std::vector<std::pair<std::string, double>> attainment(const QueueSetup& setup,
                                                       const Outcome& outcome) {
  std::vector<std::pair<std::string, double>> attained;
  for (const Tier& tier : setup.tiers) {
    Windows sum;
    for (size_t id = 0; id < setup.jobs.size(); ++id) {
      const VisibleJob& job = setup.jobs[id].visible;
      if (outcome.jobs[id].refused) continue;
      if (setup.tenants[static_cast<size_t>(job.tenant)].tier != tier.name) continue;
      const Windows windows = windows_of(job.submitted, outcome.jobs[id], tier);
      sum.met += windows.met;
      sum.all += windows.all;
    }
    if (sum.all > 0) attained.emplace_back(tier.name, percent(sum.met, sum.all));
  }
  return attained;
}

// By nearest rank; the values are sorted.
double percentile(const std::vector<double>& sorted, size_t percents) {
  return rounded(sorted[std::max<size_t>((sorted.size() * percents + 99) / 100, 1) - 1]);
}

}  // namespace

QueueReport summarise(const QueueSetup& setup, const Outcome& outcome) {
  QueueReport report{.policy = setup.policy, .cluster = setup.cluster};
  Sums sums = sum_up(setup, outcome);
  report.jobs = static_cast<int64_t>(sums.waits.size());
  report.refused = static_cast<int64_t>(setup.jobs.size()) - report.jobs;
  report.preemptions = outcome.preemptions;
  report.useless_preemptions = outcome.useless_preemptions;
  report.failures_met = outcome.failures_met;
  if (report.jobs == 0) return report;
  const auto devices = static_cast<double>(setup.cluster.devices());
  const auto jobs = static_cast<double>(report.jobs);
  const double span = seconds(sums.last_submitted - sums.first);
  const double makespan = seconds(sums.last_ended - sums.first);
  if (span > 0) report.load = rounded(sums.work / (devices * span));
  report.makespan_seconds = rounded(makespan);
  report.utilisation_percent = rounded(100 * sums.work / (devices * makespan));
  std::sort(sums.waits.begin(), sums.waits.end());
  double waited = 0;
  for (const double wait : sums.waits) waited += wait;
  report.wait_seconds = {rounded(waited / jobs), percentile(sums.waits, 50),
                         percentile(sums.waits, 95), percentile(sums.waits, 99)};
  report.jct_ratio_mean = rounded(sums.ratio / jobs);
  report.sla_attainment_percent = attainment(setup, outcome);
  report.lost_device_seconds = rounded(sums.held - sums.work);
  if (sums.deadlines > 0) {
    report.deadlines_met_percent = percent(sums.deadlines_met, sums.deadlines);
  }
  return report;
}

}  // namespace berth::sim::queue
