#include "sched/sla/elastic.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/saturating.h"

namespace berth::sched {
namespace {

__extension__ using Wide = __int128;  // products only: dividing it needs a library call

// Weighted change of a job's speed per device, relative to what its first worker does per device.
struct Slope {
  int64_t rise = 0;  // weight x change of rate
  int64_t run = 1;   // rate of one worker x workers
  bool operator<(const Slope& other) const {
    return static_cast<Wide>(rise) * other.run < static_cast<Wide>(other.rise) * run;
  }
};

struct Move {
  Slope slope;
  int64_t to = 0;
};

struct Candidate {
  const ElasticJob* job = nullptr;
  int64_t workers = 0;
  bool barred = false;  // this round: it would not gain what a resize costs
  bool moved = false;
  int64_t devices(int64_t count) const {
    return multiply_saturating(count, job->devices_per_worker);
  }
};

Slope slope(const ElasticJob& job, int64_t from, int64_t to) {
  const int64_t change = job.speedup.rate_milli(to) - job.speedup.rate_milli(from);
  const int64_t one = std::max<int64_t>(1, job.speedup.rate_milli(1));
  return {multiply_saturating(change, job.weight),
          multiply_saturating(one, to > from ? to - from : from - to)};
}

bool settled(const ElasticJob& job, Instant now, const ResizeSettings& settings) {
  return job.last_resized == Instant::min() || now - job.last_resized >= settings.settle;
}

std::vector<Candidate> candidates(std::span<const ElasticJob> jobs, Instant now,
                                  const ResizeSettings& settings) {
  std::vector<Candidate> made;
  for (const ElasticJob& job : jobs) {
    if (job.devices_per_worker > 0 && job.weight > 0 && settled(job, now, settings)) {
      made.push_back({&job, job.workers});
    }
  }
  std::sort(made.begin(), made.end(),
            [](const Candidate& a, const Candidate& b) { return a.job->id < b.job->id; });
  return made;
}

// The step up with the best average gain: rates that were measured need not be concave.
std::optional<Move> best_step_up(const Candidate& one, int64_t idle) {
  const int64_t high = std::min(one.job->max, one.workers + idle / one.job->devices_per_worker);
  std::optional<Move> best;
  if (high <= one.workers) return best;
  for (const int64_t to : one.job->speedup.counts_between(one.workers, high)) {
    if (to == one.workers) continue;
    const Move move{slope(*one.job, one.workers, to), to};
    if (move.slope.rise > 0 && (!best || best->slope < move.slope)) best = move;
  }
  return best;
}

std::optional<Move> best_step_down(const Candidate& one) {
  std::optional<Move> best;
  if (one.workers <= one.job->min) return best;
  for (const int64_t to : one.job->speedup.counts_between(one.job->min, one.workers)) {
    if (to == one.workers) continue;
    const Move move{slope(*one.job, one.workers, to), to};
    if (!best || best->slope < move.slope || (!(move.slope < best->slope) && to > best->to)) {
      best = move;
    }
  }
  return best;
}

// remaining x (1 - rate before / rate after) > cost, without dividing.
bool is_worth_it(const Candidate& one) {
  const int64_t before = one.job->speedup.rate_milli(one.job->workers);
  const int64_t after = one.job->speedup.rate_milli(one.workers);
  return static_cast<Wide>(one.job->remaining.count()) * (after - before) >
         static_cast<Wide>(one.job->resize_cost.count()) * after;
}

void climb(std::vector<Candidate>& all, int64_t& idle) {
  std::vector<std::optional<Move>> moves(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    if (!all[i].barred && !all[i].moved) moves[i] = best_step_up(all[i], idle);
  }
  for (;;) {
    size_t winner = all.size();
    for (size_t i = 0; i < all.size(); ++i) {
      if (moves[i] && all[i].devices(moves[i]->to - all[i].workers) > idle) {
        moves[i] = best_step_up(all[i], idle);
      }
      if (moves[i] && (winner == all.size() || moves[winner]->slope < moves[i]->slope)) winner = i;
    }
    if (winner == all.size()) return;
    idle -= all[winner].devices(moves[winner]->to - all[winner].workers);
    all[winner].workers = moves[winner]->to;
    moves[winner] = best_step_up(all[winner], idle);
  }
}

// One division of the idle devices. Whoever it would not help enough is barred, and what it would
// have got is divided anew, until all that grow gain by it.
bool grow_round(std::vector<Candidate>& all, int64_t& idle) {
  for (Candidate& one : all) one.barred = false;
  for (;;) {
    std::vector<Candidate> tried = all;
    int64_t left = idle;
    climb(tried, left);
    bool all_worth_it = true, any = false;
    for (size_t i = 0; i < all.size(); ++i) {
      if (tried[i].workers == all[i].workers) continue;
      any = true;
      if (is_worth_it(tried[i])) continue;
      all[i].barred = true;
      all_worth_it = false;
    }
    if (!all_worth_it) continue;
    for (size_t i = 0; i < all.size(); ++i) {
      all[i].moved = all[i].moved || tried[i].workers != all[i].workers;
      all[i].workers = tried[i].workers;
    }
    idle = left;
    return any;
  }
}

std::vector<WorkerChange> resizes(const std::vector<Candidate>& all) {
  std::vector<WorkerChange> made;
  for (const Candidate& one : all) {
    if (one.workers != one.job->workers)
      made.push_back({one.job->id, one.job->workers, one.workers});
  }
  return made;
}

// Steps are as wide as the points of a curve: takes back the workers that it did not take.
void give_back(std::vector<Candidate>& all, std::vector<size_t> order, int64_t needed,
               int64_t& freed) {
  std::reverse(order.begin(), order.end());  // what was taken last was lost most
  for (const size_t index : order) {
    Candidate& one = all[index];
    const int64_t spare = (freed - needed) / one.job->devices_per_worker;
    const int64_t back = std::clamp<int64_t>(one.job->workers - one.workers, 0, spare);
    one.workers += back;
    freed -= one.devices(back);
  }
}

}  // namespace

std::vector<WorkerChange> grow(std::span<const ElasticJob> jobs, int64_t idle_devices, Instant now,
                               const ResizeSettings& settings) {
  std::vector<Candidate> all = candidates(jobs, now, settings);
  int64_t idle = std::max<int64_t>(0, idle_devices);
  while (grow_round(all, idle)) {  // again: what is left may now be worth it for the barred
  }
  return resizes(all);
}

Shrunk shrink(std::span<const ElasticJob> jobs, int64_t needed_devices, Instant now,
              const ResizeSettings& settings) {
  std::vector<Candidate> all = candidates(jobs, now, settings);
  std::vector<std::optional<Move>> moves(all.size());
  for (size_t i = 0; i < all.size(); ++i) moves[i] = best_step_down(all[i]);
  std::vector<size_t> order;
  int64_t freed = 0;
  while (freed < needed_devices) {
    size_t winner = all.size();
    for (size_t i = 0; i < all.size(); ++i) {
      if (moves[i] && (winner == all.size() || moves[winner]->slope < moves[i]->slope)) winner = i;
    }
    if (winner == all.size()) break;
    freed += all[winner].devices(all[winner].workers - moves[winner]->to);
    all[winner].workers = moves[winner]->to;
    moves[winner] = best_step_down(all[winner]);
    order.push_back(winner);
  }
  if (freed > needed_devices)
    give_back(all, std::move(order), std::max<int64_t>(0, needed_devices), freed);
  return {resizes(all), freed};
}

}  // namespace berth::sched
