#include "operator/scheduling/job_desk.h"

#include <algorithm>
#include <utility>

#include "base/saturating.h"
#include "base/text.h"
#include "operator/scheduling/dependencies.h"
#include "translate/asks.h"

namespace berth::control {
namespace {

constexpr Millis kRenewEvery{60'000};  // of what is expected of waiting work
constexpr Millis kGrowAgain{10'000};
constexpr size_t kVictimsShown = 3;

std::string workers_text(size_t count) { return count_text(static_cast<int64_t>(count), "worker"); }

Millis between(Monotonic from, Monotonic to) {
  return from == Monotonic::min() ? Millis::max() : to - from;
}

}  // namespace

JobDesk::JobDesk(Stores& stores, Books& books, const Coverage& coverage, const WorldFeed& feed,
                 Nominations& nominations, const ReservationDesk& reservations,
                 Scheduler& scheduler, const Settings& settings, const Clock& clock)
    : stores_(stores),
      books_(books),
      coverage_(coverage),
      feed_(feed),
      nominations_(nominations),
      reservations_(reservations),
      scheduler_(scheduler),
      settings_(settings),
      clock_(clock) {
  scheduler.add(*this);
  stores.jobs.subscribe([this](const auto* a, const auto* b) { on_job(a, b); });
  stores.quotas.subscribe([this](const api::Quota* before, const api::Quota* after) {
    if (before == nullptr || after == nullptr || before->spec != after->spec) renew_all();
  });
  stores.pools.subscribe([this](const auto* before, const auto* after) {
    const bool is_same = before != nullptr && after != nullptr && before->spec == after->spec;
    is_pooling_old_ = is_pooling_old_ || !is_same;
    if (!is_same && !waiting_.empty()) scheduler_.mark_dirty();  // there may be other shares
  });
  stores.reservations.subscribe([this](const auto* before, const auto* after) {
    if (before == nullptr || after == nullptr) renew_all();
  });
}

void JobDesk::on_job(const api::GpuJob* before, const api::GpuJob* after) {
  const std::string& uid = after != nullptr ? after->meta.uid : before->meta.uid;
  const bool was_over = before != nullptr && is_finished(*before);
  if (after == nullptr || before == nullptr || is_finished(*after) != was_over) {
    wake_dependents(after != nullptr ? *after : *before);
  }
  dependents_.erase(uid);
  if (after != nullptr && is_waiting(*after) && !after->spec.depends_on.empty()) {
    dependents_.insert(uid);
  }
  if (after != nullptr && is_waiting(*after)) {
    const bool is_known = waiting_.contains(uid);
    // A policy may be about its labels, which its generation does not count.
    if (is_known && before != nullptr && before->meta.generation == after->meta.generation &&
        before->meta.labels == after->meta.labels) {
      return follow_nomination(*after);
    }
    if (!is_resizing(*after)) nominations_.withdraw({uid});
    growing_.erase(uid);
    renew(*after);
    return scheduler_.mark_dirty();
  }
  waiting_.erase(uid);
  growing_.erase(uid);
  if (after != nullptr && is_resizing(*after)) return follow_nomination(*after);
  nominations_.withdraw({uid});
  if (after != nullptr) {
    if (auto ask = growth_ask(*after)) growing_.emplace(uid, *std::move(ask));
  }
  held_.erase(uid);
  if (after != nullptr && !after->status.placement) books_.revoke(uid);
  if (after == nullptr || is_finished(*after)) avoided_.erase(uid);
}

// Its own attempt ends for its own nomination; anything else that happens to it comes first.
bool JobDesk::is_resizing(const api::GpuJob& job) const {
  const Nomination* nomination = nominations_.find({job.meta.uid});
  return nomination != nullptr && is_resize(*nomination) && !job.spec.suspend &&
         !job.meta.deletion && !is_finished(job);
}

// Of a job that has come, ended or gone.
void JobDesk::wake_dependents(const api::GpuJob& first) {
  for (const std::string& uid : dependents_) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job == nullptr || job->meta.name_space != first.meta.name_space) continue;
    const auto& names = job->spec.depends_on;
    if (std::find(names.begin(), names.end(), first.meta.name) == names.end()) continue;
    scheduler_.mark_dirty();
    if (wake) wake(runtime::key_of(job->meta));
  }
}

// Victims are asked to go once everybody can read for whom.
void JobDesk::follow_nomination(const api::GpuJob& job) {
  const Nomination* nomination = nominations_.find({job.meta.uid});
  if (nomination == nullptr || nomination->is_told || !job.status.nominated) return;
  const auto facts = nominated(job);
  if (facts->placement == *job.status.nominated) nominations_.told({job.meta.uid});
}

sched::Ask JobDesk::ask_for(const api::GpuJob& job) {
  sched::Ask ask =
      ask_of(job, books_.tenancy(), stores_.pooling, feed_.estimates(), avoided(job.meta.uid));
  stores_.pooling.widen(ask);
  ask.reservation = used_reservation(stores_, job);
  if (ask.reservation) ask.shape = shape_of(ask);
  return ask;
}

std::optional<sched::Ask> JobDesk::growth_ask(const api::GpuJob& job) const {
  return growth_ask_of(job, books_.tenancy(), stores_.pooling, feed_.estimates());
}

void JobDesk::renew(const api::GpuJob& job) {
  waiting_.insert_or_assign(job.meta.uid, ask_for(job));
}

// Who pays may have changed, how long work is expected to run, or the pools. Rare.
void JobDesk::renew_all() {
  for (auto& [uid, ask] : waiting_) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job != nullptr) ask = ask_for(*job);
  }
}

// Which shares there are.
void JobDesk::renew_growing() {
  for (auto& [uid, ask] : growing_) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    auto made = job == nullptr ? std::nullopt : growth_ask(*job);
    if (made) ask = *std::move(made);
  }
}

std::optional<Instant> JobDesk::collect(Instant now, std::vector<const sched::Ask*>& asks) {
  std::optional<Instant> again;
  if (learned_ != feed_.learned() && clock_.monotonic() >= next_renewal_) {
    learned_ = feed_.learned();
    next_renewal_ = clock_.monotonic() + kRenewEvery;
    renew_all();
  }
  if (std::exchange(is_pooling_old_, false)) {
    renew_all();
    renew_growing();
  }
  for (auto& [uid, ask] : waiting_) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job == nullptr || books_.find(uid) != nullptr || nominations_.find({uid}) != nullptr ||
        stores_.invalid_jobs.contains(uid)) {
      continue;
    }
    if (stores_.is_terminating(job->meta.name_space)) continue;  // its pods would be refused
    const auto& not_before = job->status.next_attempt_at;
    if (not_before && now < *not_before) {
      again = std::min(again.value_or(*not_before), *not_before);
      continue;
    }
    if (dependents_.contains(uid) && waits_for_job(stores_, *job)) continue;
    if (stores_.has_live_pods(uid)) continue;  // what is left of an earlier attempt goes first
    if (!ask.avoid.empty()) {
      // Some of it may have run out; when more does, it is worth asking again.
      ask = ask_for(*job);
      for (const auto& [node, until] : avoided_[uid]) {
        const Instant runs_out = now + (until - clock_.monotonic());
        again = std::min(again.value_or(runs_out), runs_out);
      }
    }
    if (slack_of) ask.slack = slack_of(uid);
    asks.push_back(&ask);
  }
  const auto grows = collect_growing(now, asks);
  return grows && (!again || *grows < *again) ? grows : again;
}

// A gang that has just started is left alone for a while; then it may ask.
std::optional<Instant> JobDesk::collect_growing(Instant now, std::vector<const sched::Ask*>& asks) {
  std::optional<Instant> again;
  for (const auto& [uid, ask] : growing_) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job == nullptr || nominations_.find({uid}) != nullptr) continue;
    const Instant settled = job->status.started_at.value_or(now) + settings_.resize_settle;
    // Whether it is worth a restart changes with what is known of its end, and that is no reason
    // for a pass: it is asked again.
    if (now >= settled) asks.push_back(&ask);
    const Instant next = std::max(settled, now + kGrowAgain);
    again = std::min(again.value_or(next), next);
  }
  return again;
}

std::set<sched::NodeId> JobDesk::avoided(const std::string& uid) {
  const auto at = avoided_.find(uid);
  if (at == avoided_.end()) return {};
  std::erase_if(at->second, [&](const auto& n) { return n.second <= clock_.monotonic(); });
  std::set<sched::NodeId> nodes;
  for (const auto& [node, until] : at->second) nodes.insert(node);
  return nodes;
}

void JobDesk::admitted(const sched::Admit& admit) {
  const api::GpuJob* job = stores_.jobs.find_uid(admit.id.uid);
  if (job == nullptr) return;
  held_.erase(admit.id.uid);
  books_.grant(*job, translate::placement_of(admit, job->status.attempt + 1), admit.quota);
}

void JobDesk::nominated(const Nomination& nomination) {
  const api::GpuJob* job = stores_.jobs.find_uid(nomination.made.id.uid);
  held_.erase(nomination.made.id.uid);
  if (job == nullptr) return;
  follow_nomination(*job);  // the leader before may have stored it, and then nothing of it changes
  if (wake) wake(runtime::key_of(job->meta));
}

bool JobDesk::has(const sched::WorkloadId& id) const {
  return stores_.jobs.find_uid(id.uid) != nullptr;
}

std::optional<NominatedFacts> JobDesk::nominated(const api::GpuJob& job) const {
  const Nomination* nomination = nominations_.find({job.meta.uid});
  if (nomination == nullptr) return std::nullopt;
  return NominatedFacts{translate::placement_of(nomination->made.placement, job.status.attempt + 1),
                        waits_for(*nomination)};
}

std::string JobDesk::waits_for(const Nomination& nomination) const {
  const std::vector<sched::Victim>& victims = nomination.made.victims;
  if (victims.empty()) return "waits for devices that others are giving back";
  if (is_resize(nomination)) return "to go on with " + workers_text(nomination.charges.size());
  std::string names;
  int64_t lost = 0;
  for (size_t i = 0; i < victims.size(); ++i) {
    lost = add_saturating(lost, victims[i].lost_device_ms / 1000);
    if (i >= kVictimsShown) continue;
    const api::GpuJob* job = stores_.jobs.find_uid(victims[i].id.uid);
    if (job == nullptr) continue;
    names += (names.empty() ? "" : ", ") + job->meta.name_space + "/" + job->meta.name;
    if (!victims[i].keeps.empty()) {
      names += " (which goes on with " + workers_text(victims[i].keeps.size()) + ")";
    }
  }
  if (victims.size() > kVictimsShown) {
    names += " and " + std::to_string(victims.size() - kVictimsShown) + " more";
  }
  return "until " + names + (victims.size() == 1 ? " has" : " have") +
         " given way, at a price of " + count_text(lost, "device-second");
}

std::optional<StopFacts> JobDesk::has_to_stop(const std::string& uid) const {
  auto why = nominations_.gives_way(uid);
  const bool is_for_nomination = why.has_value();
  if (!why) why = reservations_.gives_way(uid);
  if (!why) return std::nullopt;
  const Nomination* own = nominations_.find({uid});
  if (!is_for_nomination || own == nullptr || !is_resize(*own)) {
    return StopFacts{EndCause::Preempted, "gives way to " + why->to};
  }
  std::string message = "goes on with " + workers_text(own->charges.size());
  if (why->to != own->name) message += ", gives way to " + why->to;
  return StopFacts{EndCause::Resized, std::move(message)};
}

void JobDesk::held(const sched::Hold& hold) {
  const Monotonic now = clock_.monotonic();
  const auto [at, is_new] = held_.try_emplace(hold.id.uid, Held{hold, now});
  const bool is_news = is_new || at->second.hold.reason != hold.reason;
  at->second.hold = hold;
  if (!is_news) return;  // new numbers are looked at when they may be written, see gpujob_plan
  at->second.since = now;
  const api::GpuJob* job = stores_.jobs.find_uid(hold.id.uid);
  if (job != nullptr && wake) wake(runtime::key_of(job->meta));
}

std::optional<api::Placement> JobDesk::granted(const api::GpuJob& job) const {
  const Grant* grant = books_.find(job.meta.uid);
  if (grant == nullptr) return std::nullopt;
  if (!coverage_.is_covered(books_.tenancy().path(grant->quota), grant->number)) {
    return std::nullopt;
  }
  return grant->placement;
}

void JobDesk::wake_granted() {
  for (const auto& [uid, grant] : books_.grants()) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job != nullptr && wake && granted(*job)) wake(runtime::key_of(job->meta));
  }
}

std::optional<HoldFacts> JobDesk::hold(const std::string& uid) const {
  const auto at = held_.find(uid);
  if (at == held_.end()) return std::nullopt;
  const Monotonic now = clock_.monotonic();
  return HoldFacts{.hold = at->second.hold,
                   .age = now - at->second.since,
                   .since_written = between(at->second.written, now),
                   .waiting = static_cast<int64_t>(held_.size())};
}

void JobDesk::hold_written(const std::string& uid) {
  const auto at = held_.find(uid);
  if (at != held_.end()) at->second.written = clock_.monotonic();
}

void JobDesk::avoid(const std::string& uid, const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) {
    avoided_[uid][{"", node}] = clock_.monotonic() + settings_.node_avoidance;
  }
  const auto waits = waiting_.find(uid);
  const api::GpuJob* job = stores_.jobs.find_uid(uid);
  if (!nodes.empty() && waits != waiting_.end() && job != nullptr) renew(*job);
}

}  // namespace berth::control
