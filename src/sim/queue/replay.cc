#include "sim/queue/replay.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <random>
#include <tuple>

namespace berth::sim::queue {
namespace {

enum class Kind { End, Repaired, Failed };  // what happens first at one time

struct Event {
  Instant at;
  Kind kind = Kind::End;
  int32_t subject = 0;  // a job, or a node
  int32_t attempt = 0;  // of the job
  bool operator>(const Event& other) const {
    return std::tie(at, kind, subject, attempt) >
           std::tie(other.at, other.kind, other.subject, other.attempt);
  }
};

void insert_sorted(std::vector<JobId>& ids, JobId id) {
  ids.insert(std::lower_bound(ids.begin(), ids.end(), id), id);
}

void erase_sorted(std::vector<JobId>& ids, JobId id) {
  ids.erase(std::lower_bound(ids.begin(), ids.end(), id));
}

class Replay {
 public:
  Replay(const QueueSetup& setup, Policy& policy, Estimator& estimator)
      : setup_(setup),
        policy_(policy),
        estimator_(estimator),
        free_(setup.cluster),
        progress_(setup.jobs.size()),
        vacated_(static_cast<size_t>(setup.cluster.nodes), 0) {
    visible_.reserve(setup.jobs.size());
    for (const Job& job : setup.jobs) visible_.push_back(job.visible);
    outcome_.jobs.resize(setup.jobs.size());
  }

  Result<Outcome> run(const OnProgress& on_progress) {
    refuse_too_wide();
    if (setup_.failures) first_failures();
    while (ended_ < to_end_) {
      const auto next = next_instant();
      if (!next) return stuck();
      now_ = *next;
      happen();
      BERTH_TRY(decide());
      if (is_stuck()) return stuck();
      if (on_progress) on_progress(ended_, to_end_);
    }
    return std::move(outcome_);
  }

 private:
  Progress& at(JobId id) { return progress_[static_cast<size_t>(id)]; }
  const Job& job(JobId id) const { return setup_.jobs[static_cast<size_t>(id)]; }
  JobOutcome& outcome(JobId id) { return outcome_.jobs[static_cast<size_t>(id)]; }

  void refuse_too_wide() {
    for (size_t id = 0; id < setup_.jobs.size(); ++id) {
      const bool refused = visible_[id].devices > setup_.cluster.devices();
      outcome_.jobs[id].refused = refused;
      if (!refused) ++to_end_;
    }
  }

  // Inverse transform, so that the times are the same with every standard library.
  Millis until_failure() {
    const double uniform = (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
    const auto mean = static_cast<double>(setup_.failures->mean_between.count());
    return Millis(std::max<int64_t>(1, std::llround(-std::log(uniform) * mean)));
  }

  void first_failures() {
    random_.seed(setup_.failures->seed);
    const Instant zero = setup_.jobs.empty() ? Instant{} : visible_.front().submitted;
    for (int32_t node = 0; node < setup_.cluster.nodes; ++node) {
      events_.push({zero + until_failure(), Kind::Failed, node, 0});
    }
  }

  void skip_refused() {
    while (next_job_ < visible_.size() && outcome_.jobs[next_job_].refused) ++next_job_;
  }

  std::optional<Instant> next_instant() {
    std::optional<Instant> next = again_at_;
    const auto consider = [&](Instant other) {
      if (!next || other < *next) next = other;
    };
    while (!events_.empty() && is_stale(events_.top())) events_.pop();
    skip_refused();
    if (next_job_ < visible_.size()) consider(visible_[next_job_].submitted);
    if (!events_.empty()) consider(events_.top().at);
    return next;
  }

  // All that happens at this instant; the policy sees only the sum of it.
  void happen() {
    while (!events_.empty() && events_.top().at <= now_) {
      const Event event = events_.top();
      events_.pop();
      if (is_stale(event)) continue;
      switch (event.kind) {
        case Kind::End: end(event.subject); break;
        case Kind::Repaired: repair(event.subject); break;
        case Kind::Failed: fail(event.subject); break;
      }
    }
    for (skip_refused(); next_job_ < visible_.size() && visible_[next_job_].submitted <= now_;
         skip_refused()) {
      const auto id = static_cast<JobId>(next_job_++);
      at(id).phase = Phase::Waiting;
      insert_sorted(waiting_, id);
    }
  }

  // The end of an attempt that was ended otherwise.
  bool is_stale(const Event& event) {
    return event.kind == Kind::End && (at(event.subject).phase != Phase::Running ||
                                       at(event.subject).attempt != event.attempt);
  }

  void end(JobId id) {
    stop(id, Phase::Ended);
    at(id).saved = job(id).duration;
    outcome(id).ended = now_;
    estimator_.learn(visible_[static_cast<size_t>(id)], job(id).duration);
    ++ended_;
  }

  void stop(JobId id, Phase phase) {
    Progress& progress = at(id);
    outcome(id).runs.push_back({progress.since, now_});
    free_.give(progress.placement);
    progress.placement.clear();
    progress.phase = phase;
    erase_sorted(running_, id);
    if (phase == Phase::Waiting) insert_sorted(waiting_, id);
  }

  void fail(int32_t node) {
    const std::vector<JobId> running = running_;
    for (const JobId id : running) {
      const Placement& placement = at(id).placement;
      if (std::none_of(placement.begin(), placement.end(),
                       [&](const Worker& worker) { return worker.node == node; })) {
        continue;
      }
      const Millis ran = at(id).ran(now_) - at(id).saved;
      stop(id, Phase::Waiting);
      at(id).saved += ran - ran % setup_.checkpoint.every;
      ++outcome_.failures_met;
    }
    free_.set(node, 0);
    ++down_;
    events_.push({now_ + setup_.failures->repair, Kind::Repaired, node, 0});
  }

  void repair(int32_t node) {
    free_.set(node, setup_.cluster.devices_per_node);
    --down_;
    events_.push({now_ + until_failure(), Kind::Failed, node, 0});
  }

  Status decide() {
    again_at_.reset();
    ++outcome_.decisions;
    const View view{visible_,     progress_, waiting_,   running_,         setup_.tenants,
                    setup_.tiers, free_,     estimator_, setup_.checkpoint};
    Decision decision = policy_.decide(view, now_);
    if (decision.again_at && *decision.again_at > now_) again_at_ = decision.again_at;
    beneficiaries_.clear();
    ++decision_;
    for (Action& action : decision.actions) {
      if (auto* start = std::get_if<Start>(&action)) {
        BERTH_TRY(carry_out(*start));
      } else {
        BERTH_TRY(carry_out(std::get<Preempt>(action)));
      }
    }
    for (const JobId id : beneficiaries_) {
      const bool started = at(id).phase == Phase::Running && at(id).since == now_;
      if (!started) ++outcome_.useless_preemptions;
    }
    return Done{};
  }

  Error impossible(JobId id, const std::string& what) const {
    const std::string name = id >= 0 && static_cast<size_t>(id) < visible_.size()
                                 ? visible_[static_cast<size_t>(id)].name
                                 : std::to_string(id);
    return {Code::Internal, "policy " + setup_.policy + " on job " + name + ": " + what};
  }

  bool has_phase(JobId id, Phase phase) const {
    return id >= 0 && static_cast<size_t>(id) < progress_.size() &&
           progress_[static_cast<size_t>(id)].phase == phase;
  }

  Status carry_out(Start& start) {
    if (!has_phase(start.job, Phase::Waiting)) return impossible(start.job, "starts unasked");
    int64_t devices = 0;
    for (const Worker& worker : start.placement) {
      if (worker.node < 0 || worker.node >= setup_.cluster.nodes || worker.devices <= 0 ||
          worker.devices > free_.on(worker.node)) {
        return impossible(start.job, "is placed where nothing is free");
      }
      free_.take({worker});
      devices += worker.devices;
    }
    if (devices != job(start.job).visible.devices) return impossible(start.job, "is not whole");
    Progress& progress = at(start.job);
    const bool awaits_save =
        std::any_of(start.placement.begin(), start.placement.end(), [&](const Worker& worker) {
          return vacated_[static_cast<size_t>(worker.node)] == decision_;
        });
    progress.stall = (awaits_save ? setup_.checkpoint.save : Millis{}) +
                     (progress.saved > Millis{} ? setup_.checkpoint.restore : Millis{});
    progress.phase = Phase::Running;
    progress.since = now_;
    progress.placement = std::move(start.placement);
    ++progress.attempt;
    erase_sorted(waiting_, start.job);
    insert_sorted(running_, start.job);
    const Millis left = progress.stall + job(start.job).duration - progress.saved;
    events_.push({now_ + left, Kind::End, start.job, progress.attempt});
    return Done{};
  }

  Status carry_out(const Preempt& preempt) {
    if (!has_phase(preempt.job, Phase::Running)) {
      return impossible(preempt.job, "is preempted, and does not run");
    }
    if (!has_phase(preempt.beneficiary, Phase::Waiting)) {
      return impossible(preempt.beneficiary, "wants room, and does not wait");
    }
    Progress& progress = at(preempt.job);
    for (const Worker& worker : progress.placement) {
      vacated_[static_cast<size_t>(worker.node)] = decision_;
    }
    const Millis ran = progress.ran(now_);
    stop(preempt.job, Phase::Waiting);
    progress.saved = ran;
    beneficiaries_.push_back(preempt.beneficiary);
    ++outcome_.preemptions;
    return Done{};
  }

  bool is_stuck() const {
    return ended_ < to_end_ && running_.empty() && down_ == 0 && !again_at_ &&
           next_job_ >= visible_.size();
  }

  Error stuck() const {
    return {Code::Internal, "policy " + setup_.policy + ": starts nothing while " +
                                std::to_string(to_end_ - ended_) + " jobs wait"};
  }

  const QueueSetup& setup_;
  Policy& policy_;
  Estimator& estimator_;
  std::vector<VisibleJob> visible_;
  FreeDevices free_;
  std::vector<Progress> progress_;
  std::vector<JobId> waiting_;
  std::vector<JobId> running_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::mt19937_64 random_;
  std::vector<int64_t> vacated_;  // the last decision that preempted somebody there, by node
  std::vector<JobId> beneficiaries_;
  std::optional<Instant> again_at_;
  Instant now_;
  size_t next_job_ = 0;
  int64_t decision_ = 0;
  int64_t to_end_ = 0;
  int64_t ended_ = 0;
  int32_t down_ = 0;
  Outcome outcome_;
};

Status check(const QueueSetup& setup) {
  if (setup.cluster.nodes < 1 || setup.cluster.devices_per_node < 1) {
    return Error{Code::Invalid, "cluster: want at least one node with one device"};
  }
  if (setup.checkpoint.every <= Millis{}) {
    return Error{Code::Invalid, "checkpoint: want more than 0 ms between two"};
  }
  Instant before = Instant::min();
  for (const Job& job : setup.jobs) {
    const VisibleJob& visible = job.visible;
    const bool known =
        visible.tenant >= 0 && static_cast<size_t>(visible.tenant) < setup.tenants.size();
    if (!known || visible.devices < 1 || job.duration < Millis(1) || visible.submitted < before) {
      return Error{Code::Invalid, "job " + visible.name +
                                      ": out of order, or without tenant, devices or duration"};
    }
    before = visible.submitted;
  }
  return Done{};
}

}  // namespace

Result<Outcome> replay(const QueueSetup& setup, Policy& policy, Estimator& estimator,
                       const OnProgress& on_progress) {
  BERTH_TRY(check(setup));
  return Replay(setup, policy, estimator).run(on_progress);
}

}  // namespace berth::sim::queue
