#include "operator/scheduling/scheduler.h"

#include <algorithm>
#include <utility>

#include "operator/scheduling/asks.h"

namespace berth::control {
namespace {

Millis between(Monotonic from, Monotonic to) {
  return from == Monotonic::min() ? Millis::max() : to - from;
}

}  // namespace

Scheduler::Scheduler(Stores& stores, Books& books, const Settings& settings, const Clock& clock)
    : stores_(stores), books_(books), settings_(settings), clock_(clock) {
  stores.jobs.subscribe([this](const auto* a, const auto* b) { on_job(a, b); });
}

void Scheduler::on_job(const api::GpuJob* before, const api::GpuJob* after) {
  const std::string& uid = after != nullptr ? after->meta.uid : before->meta.uid;
  const bool waits = after != nullptr && is_waiting(*after);
  const bool is_new = waits && waiting_.insert(uid).second;
  const bool respecified =
      waits && before != nullptr && before->meta.generation != after->meta.generation;
  if (is_new || respecified) dirty_ = true;
  if (waits) return;
  waiting_.erase(uid);
  held_.erase(uid);
  if (after != nullptr && !after->status.placement) books_.revoke(uid);
  if (after == nullptr || is_finished(*after)) avoided_.erase(uid);
}

Monotonic Scheduler::tick() {
  const Monotonic now = clock_.monotonic();
  if (next_backoff_ && clock_.now() >= *next_backoff_) dirty_ = true;
  if (books_.version() != seen_version_) dirty_ = true;
  if (dirty_ && now >= next_pass_) {
    run();
    // A slow pass is given room: at most about half of the time goes to passes.
    const Millis took = clock_.monotonic() - now;
    next_pass_ = clock_.monotonic() + std::max(settings_.pass_interval, took);
  }
  if (dirty_) return next_pass_;
  if (!next_backoff_) return Monotonic::max();
  return now + std::max(Millis{1}, *next_backoff_ - clock_.now());
}

void Scheduler::run() {
  const Monotonic start = clock_.monotonic();
  dirty_ = false;
  seen_version_ = books_.version();
  sched::Snapshot snapshot = gather();
  PassReport report{.took = {}, .asks = snapshot.asks.size(), .admitted = 0, .held = {}};
  count_pending(snapshot.asks);
  for (const sched::Decision& decision : sched::run_pass(std::move(snapshot))) {
    if (const auto* admit = std::get_if<sched::Admit>(&decision)) {
      ++report.admitted;
      take(*admit);
    } else {
      const auto& hold = std::get<sched::Hold>(decision);
      ++report.held[hold.reason];
      take(hold);
    }
  }
  seen_version_ = books_.version();  // our own grants are no reason for another pass
  report.took = clock_.monotonic() - start;
  if (on_pass) on_pass(report);
}

sched::Snapshot Scheduler::gather() {
  sched::Snapshot snapshot;
  for (const translate::Node& node : stores_.nodes.all()) {
    if (node.device_class.empty()) continue;
    const sched::NodeId id{"", node.meta.name};
    snapshot.nodes.emplace(id, translate::to_sched(node, books_.ledger().on(id)));
  }
  snapshot.quotas = books_.tenancy().quotas;
  for (const auto& [quota, use] : books_.ledger().quotas()) {
    snapshot.used.emplace(quota, use.admitted);
  }
  next_backoff_.reset();
  for (const std::string& uid : waiting_) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job == nullptr || books_.find(uid) != nullptr || stores_.invalid_jobs.contains(uid)) {
      continue;
    }
    const auto& not_before = job->status.next_attempt_at;
    if (not_before && clock_.now() < *not_before) {
      next_backoff_ = std::min(next_backoff_.value_or(*not_before), *not_before);
      continue;
    }
    if (stores_.has_live_pods(uid)) continue;  // what is left of an earlier attempt goes first
    snapshot.asks.push_back(ask_of(*job, books_.tenancy(), avoided(uid)));
  }
  return snapshot;
}

std::set<sched::NodeId> Scheduler::avoided(const std::string& uid) {
  const auto at = avoided_.find(uid);
  if (at == avoided_.end()) return {};
  std::erase_if(at->second, [&](const auto& n) { return n.second <= clock_.monotonic(); });
  std::set<sched::NodeId> nodes;
  for (const auto& [node, until] : at->second) nodes.insert(node);
  return nodes;
}

void Scheduler::take(const sched::Admit& admit) {
  const api::GpuJob* job = stores_.jobs.find_uid(admit.id.uid);
  if (job == nullptr) return;
  held_.erase(admit.id.uid);
  books_.grant(*job, placement_of(admit, job->status.attempt + 1), admit.quota);
}

void Scheduler::take(const sched::Hold& hold) {
  const Monotonic now = clock_.monotonic();
  const auto [at, is_new] = held_.try_emplace(hold.id.uid, Held{hold, now});
  if (!is_new && at->second.hold == hold) return;
  if (!is_new && at->second.hold.reason != hold.reason) at->second.since = now;
  at->second.hold = hold;
  const api::GpuJob* job = stores_.jobs.find_uid(hold.id.uid);
  if (job != nullptr && wake_job) wake_job(runtime::key_of(job->meta));
}

void Scheduler::count_pending(const std::vector<sched::Ask>& asks) {
  pending_.clear();
  for (const sched::Ask& ask : asks) {
    if (!ask.quota || ask.alternatives.empty()) continue;
    const sched::Alternative& first = ask.alternatives.front();
    pending_[*ask.quota][first.device_class] += first.total();
  }
}

std::optional<api::Placement> Scheduler::granted(const api::GpuJob& job) const {
  const Grant* grant = books_.find(job.meta.uid);
  if (grant == nullptr) return std::nullopt;
  for (const sched::QuotaId& quota : books_.tenancy().path(grant->quota)) {
    const auto at = covered_.find(quota);
    if (at == covered_.end() || at->second < grant->number) return std::nullopt;
  }
  return grant->placement;
}

void Scheduler::covered(const sched::QuotaId& quota, uint64_t number) {
  uint64_t& known = covered_[quota];
  known = std::max(known, number);
  if (!wake_job) return;
  for (const auto& [uid, grant] : books_.grants()) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job != nullptr && grant.number <= number && granted(*job)) {
      wake_job(runtime::key_of(job->meta));
    }
  }
}

std::optional<HoldFacts> Scheduler::hold(const std::string& uid) const {
  const auto at = held_.find(uid);
  if (at == held_.end()) return std::nullopt;
  const Monotonic now = clock_.monotonic();
  return HoldFacts{.hold = at->second.hold,
                   .age = now - at->second.since,
                   .since_written = between(at->second.written, now)};
}

void Scheduler::hold_written(const std::string& uid) {
  const auto at = held_.find(uid);
  if (at != held_.end()) at->second.written = clock_.monotonic();
}

void Scheduler::avoid(const std::string& uid, const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) {
    avoided_[uid][{"", node}] = clock_.monotonic() + settings_.node_avoidance;
  }
}

}  // namespace berth::control
