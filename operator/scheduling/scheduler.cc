#include "operator/scheduling/scheduler.h"

#include <algorithm>
#include <utility>

namespace berth::control {

Scheduler::Scheduler(Stores& stores, Books& books, const Settings& settings, const Clock& clock)
    : books_(books), settings_(settings), clock_(clock) {
  stores.nodes.subscribe([this](const auto* before, const auto* after) { follow(before, after); });
  books.on_held = [this](const std::string& source, const std::vector<sched::Charge>& charges) {
    world_.set_holder({.source = source, .charges = charges, .run = {}});
  };
  books.on_quotas = [this](const std::vector<sched::Quota>& quotas) { world_.set_quotas(quotas); };
}

void Scheduler::follow(const translate::Node* before, const translate::Node* after) {
  if (after != nullptr && !after->device_class.empty()) {
    world_.set_node(translate::to_sched(*after));
  } else if (before != nullptr) {
    world_.remove_node({"", before->meta.name});
  }
}

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
  const std::vector<const sched::Ask*> asks = gather();
  PassReport report{.took = {}, .asks = asks.size(), .admitted = 0, .held = {}};
  const Pending before = std::exchange(pending_, {});
  for (const sched::Decision& decision : sched::run_pass(world_, asks, clock_.now())) {
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

std::vector<const sched::Ask*> Scheduler::gather() {
  std::vector<const sched::Ask*> asks;
  next_backoff_.reset();
  asked_.clear();
  for (AskSource* source : sources_) {
    const size_t before = asks.size();
    const auto again = source->collect(clock_.now(), asks);
    if (again) next_backoff_ = std::min(next_backoff_.value_or(*again), *again);
    for (size_t i = before; i < asks.size(); ++i) {
      asked_.emplace(asks[i]->id, Asked{source, asks[i]});
    }
  }
  return asks;
}

}  // namespace berth::control
