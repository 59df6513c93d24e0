#include "operator/scheduling/scheduler.h"

#include <algorithm>
#include <utility>

namespace berth::control {

Scheduler::Scheduler(const Stores& stores, Books& books, const Settings& settings,
                     const Clock& clock)
    : stores_(stores), books_(books), settings_(settings), clock_(clock) {}

Monotonic Scheduler::tick() {
  const Monotonic now = clock_.monotonic();
  if (next_backoff_ && clock_.now() >= *next_backoff_) dirty_ = true;
  if (books_.version() != seen_version_) dirty_ = true;
  if (dirty_ && now >= next_pass_) {
    run();
    // A slow pass is given room: at most about a tenth of the time goes to passes.
    const Millis took = clock_.monotonic() - now;
    next_pass_ = clock_.monotonic() + std::max(settings_.pass_interval, 9 * took);
  }
  if (dirty_) return next_pass_;
  if (!next_backoff_) return Monotonic::max();
  return now + std::max(Millis{1}, *next_backoff_ - clock_.now());
}

void Scheduler::run() {
  const Monotonic start = clock_.monotonic();
  dirty_ = false;
  sched::Snapshot snapshot = gather();
  PassReport report{.took = {}, .asks = snapshot.asks.size(), .admitted = 0, .held = {}};
  const Pending before = std::exchange(pending_, {});
  for (const sched::Decision& decision : sched::run_pass(snapshot, clock_.now())) {
    hand_back(decision, report);
  }
  note_pending(before);
  seen_version_ = books_.version();  // our own grants are no reason for another pass
  report.took = clock_.monotonic() - start;
  if (on_pass) on_pass(report);
}

void Scheduler::note_pending(const Pending& before) {
  for (const auto& [quota, classes] : pending_) {
    const auto at = before.find(quota);
    if (at == before.end() || at->second != classes) pending_changed_.insert(quota);
  }
  for (const auto& [quota, classes] : before) {
    if (!pending_.contains(quota)) pending_changed_.insert(quota);
  }
}

void Scheduler::hand_back(const sched::Decision& decision, PassReport& report) {
  const auto& id =
      std::visit([](const auto& d) -> const sched::WorkloadId& { return d.id; }, decision);
  const Asked& asked = asked_.at(id);
  if (const auto* admit = std::get_if<sched::Admit>(&decision)) {
    ++report.admitted;
    return asked.source->admitted(*admit);
  }
  const auto& hold = std::get<sched::Hold>(decision);
  ++report.held[hold.reason];
  if (asked.ask->quota && !asked.ask->alternatives.empty()) {
    const sched::Alternative& first = asked.ask->alternatives.front();
    pending_[*asked.ask->quota][first.device_class] += first.total();
  }
  asked.source->held(hold);
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
  asked_.clear();
  for (AskSource* source : sources_) {
    const size_t before = snapshot.asks.size();
    const auto again = source->collect(clock_.now(), snapshot.asks);
    if (again) next_backoff_ = std::min(next_backoff_.value_or(*again), *again);
    for (size_t i = before; i < snapshot.asks.size(); ++i) {
      asked_.emplace(snapshot.asks[i]->id, Asked{source, snapshot.asks[i]});
    }
  }
  return snapshot;
}

}  // namespace berth::control
