#include "sim/queue/las.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace berth::sim::queue {
namespace {

struct Victim {
  size_t queue = 0;
  JobId job = 0;
};

class Pass {
 public:
  Pass(const LasSettings& settings, const View& view, Instant now)
      : settings_(settings), view_(view), now_(now), free_(view.free) {}

  Decision run() {
    std::vector<std::vector<JobId>> queues(settings_.thresholds.size() + 1);
    for (const JobId id : view_.waiting) queues[queue_of(id)].push_back(id);
    find_victims();
    for (size_t queue = 0; queue < queues.size(); ++queue) {
      for (const JobId id : queues[queue]) serve(queue, id);
    }
    const size_t starts = static_cast<size_t>(
        std::count_if(decision_.actions.begin(), decision_.actions.end(),
                      [](const Action& action) { return std::holds_alternative<Start>(action); }));
    if (starts < view_.waiting.size()) decision_.again_at = next_change();
    return std::move(decision_);
  }

 private:
  // Useful run after which a job leaves this queue.
  Millis run_until_leaving(JobId id, size_t queue) const {
    const int64_t devices = view_.job(id).devices;
    return Millis((settings_.thresholds[queue] * 1000 + devices - 1) / devices);
  }

  size_t queue_of(JobId id) const {
    const Millis ran = view_.of(id).ran(now_);
    size_t queue = 0;
    while (queue < settings_.thresholds.size() && ran >= run_until_leaving(id, queue)) ++queue;
    return queue;
  }

  Instant settled_at(JobId id) const {
    const Progress& at = view_.of(id);
    return at.since + at.stall + settings_.quantum;
  }

  // Those that may be preempted, the last queue's youngest first.
  void find_victims() {
    for (const JobId id : view_.running) {
      const size_t queue = queue_of(id);
      if (queue > 0 && settled_at(id) <= now_) victims_.push_back({queue, id});
    }
    std::sort(victims_.begin(), victims_.end(), [](const Victim& a, const Victim& b) {
      return std::tie(a.queue, a.job) > std::tie(b.queue, b.job);
    });
  }

  // What one width cannot get, no larger one of this queue or a later one can: free devices become
  // fewer in a pass, and later queues may preempt fewer jobs.
  void serve(size_t queue, JobId id) {
    const int64_t devices = view_.job(id).devices;
    if (devices >= too_wide_) return;
    if (!free_.fits(devices) && !make_room(queue, id)) {
      too_wide_ = devices;
      return;
    }
    Placement placement = *free_.place(devices);
    free_.take(placement);
    decision_.actions.push_back(Start{id, std::move(placement)});
  }

  // Frees what the job needs and no more, or nothing.
  bool make_room(size_t queue, JobId id) {
    const int64_t devices = view_.job(id).devices;
    FreeDevices after = free_;
    size_t count = 0;
    while (count < victims_.size() && victims_[count].queue > queue && !after.fits(devices)) {
      after.give(view_.of(victims_[count++].job).placement);
    }
    if (!after.fits(devices)) return false;
    std::vector<Victim> spared;
    for (size_t at = count; at-- > 0;) {  // the last victim was needed: it is spared by no test
      const Placement& placement = view_.of(victims_[at].job).placement;
      after.take(placement);
      if (after.fits(devices)) {
        spared.push_back(victims_[at]);
        continue;
      }
      after.give(placement);
      decision_.actions.push_back(Preempt{victims_[at].job, id});
    }
    std::copy(spared.rbegin(), spared.rend(), victims_.begin());
    victims_.erase(victims_.begin() + static_cast<std::ptrdiff_t>(spared.size()),
                   victims_.begin() + static_cast<std::ptrdiff_t>(count));
    free_ = std::move(after);
    return true;
  }

  // When a job that runs falls into another queue, or may be preempted from then on.
  std::optional<Instant> next_change() const {
    std::optional<Instant> next;
    const auto consider = [&](Instant at) {
      if (at > now_ && (!next || at < *next)) next = at;
    };
    for (const JobId id : view_.running) {
      const Progress& at = view_.of(id);
      const size_t queue = queue_of(id);
      if (queue > 0) consider(settled_at(id));
      if (queue == settings_.thresholds.size()) continue;
      consider(at.since + at.stall + run_until_leaving(id, queue) - at.saved);
    }
    return next;
  }

  const LasSettings& settings_;
  const View& view_;
  const Instant now_;
  FreeDevices free_;
  std::vector<Victim> victims_;
  int64_t too_wide_ = std::numeric_limits<int64_t>::max();
  Decision decision_;
};

}  // namespace

Decision Las::decide(const View& view, Instant now) { return Pass(settings_, view, now).run(); }

}  // namespace berth::sim::queue
