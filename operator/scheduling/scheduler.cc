#include "operator/scheduling/scheduler.h"

#include <algorithm>
#include <utility>

#include "sched/cpu_class.h"

namespace berth::control {
namespace {

constexpr Millis kPlanAgain{1'000};
constexpr Millis kLongestRest{1'000};  // of passes, after one

}  // namespace

Scheduler::Scheduler(Books& books, WorldFeed& feed, Nominations& nominations,
                     const Settings& settings, const Clock& clock)
    : books_(books), feed_(feed), nominations_(nominations), settings_(settings), clock_(clock) {}

Monotonic Scheduler::tick() {
  const Monotonic now = clock_.monotonic();
  if (next_backoff_ && clock_.now() >= *next_backoff_) dirty_ = true;
  if (books_.version() != seen_version_ || feed_.version() != seen_feed_) dirty_ = true;
  if (!nominations_.is_empty() && (dirty_ || now >= nominations_.next())) settle_nominations();
  if (dirty_ && now >= next_pass_) {
    run();
    // A slow pass is given room: at most about a tenth of the time goes to passes. Not without end:
    // a process that was halted, or a machine that was, has not worked for as long as it took.
    const Millis took = clock_.monotonic() - now;
    const Millis rest = std::min(9 * took, kLongestRest);
    next_pass_ = clock_.monotonic() + std::max(settings_.pass_interval, rest);
  }
  if (dirty_) return next_pass_;
  if (!next_backoff_) return nominations_.next();
  return std::min(nominations_.next(), now + std::max(Millis{1}, *next_backoff_ - clock_.now()));
}

// What has become free for nominations goes to them before anybody else is asked.
void Scheduler::settle_nominations() {
  while (const auto due = nominations_.take_due()) {
    nominated_.at(due->id)->admitted(*due);
  }
  if (nominations_.drop_hopeless()) dirty_ = true;
  std::erase_if(nominated_, [&](const auto& n) { return nominations_.find(n.first) == nullptr; });
}

void Scheduler::run() {
  const Monotonic start = clock_.monotonic();
  dirty_ = false;
  const std::vector<const sched::Ask*> asks = gather();
  PassReport report{.took = {}, .asks = asks.size(), .held = {}};
  const Pending before = std::exchange(pending_, {});
  const Instant now = clock_.now();
  decisionlog::RecordedWorld& world = feed_.at(now);
  const auto again = before_pass ? before_pass(now) : std::nullopt;
  if (again) next_backoff_ = std::min(next_backoff_.value_or(*again), *again);
  const std::vector<sched::Decision> decisions =
      sched::run_pass(world, asks, now, feed_.policies().notes());
  world.record_pass(asks, now, decisions);
  for (const sched::Decision& decision : decisions) hand_back(decision, report);
  feed_.policies().read_notes();
  // Who has just started may have to leave for what is planned: that is reckoned anew.
  if (again && report.admitted + report.nominated > 0) {
    next_backoff_ = std::min(*next_backoff_, clock_.now() + kPlanAgain);
  }
  note_pending(before);
  seen_feed_ = feed_.version();
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
    // What victims of others still hold is theirs until they are gone.
    if (!nominations_.is_empty() && !nominations_.can_start(*asked.ask, *admit)) {
      return nominate(asked, {admit->id, *admit, {}});
    }
    ++report.admitted;
    return asked.source->admitted(*admit);
  }
  if (const auto* preempt = std::get_if<sched::Preempt>(&decision)) {
    ++report.nominated;
    report.victims += preempt->victims.size();
    return nominate(asked, *preempt);
  }
  if (const auto* resize = std::get_if<sched::Resize>(&decision)) {
    return nominate(asked, {resize->id, resize->placement, {{.id = resize->id}}});
  }
  const auto& hold = std::get<sched::Hold>(decision);
  ++report.held[hold.reason];
  if (asked.ask->quota && !asked.ask->alternatives.empty()) {
    const sched::Alternative& first = asked.ask->alternatives.front();
    if (!sched::is_cpu(first)) pending_[*asked.ask->quota][first.device_class] += first.total();
  }
  asked.source->held(hold);
}

void Scheduler::nominate(const Asked& asked, sched::Preempt made) {
  const sched::WorkloadId id = made.id;
  const std::vector<sched::Victim> victims = made.victims;
  nominations_.add(*asked.ask, std::move(made));
  nominated_.insert_or_assign(id, asked.source);
  for (const sched::Victim& victim : victims) {
    if (!victim.keeps.empty()) nominate_rest(victim);
  }
  asked.source->nominated(*nominations_.find(id));
}

// Of a victim that goes on with fewer workers; without it, it gives way whole.
void Scheduler::nominate_rest(const sched::Victim& victim) {
  const auto source = std::find_if(sources_.begin(), sources_.end(),
                                   [&](const AskSource* one) { return one->has(victim.id); });
  if (source == sources_.end()) return;
  nominations_.add_rest(victim);
  const Nomination* rest = nominations_.find(victim.id);
  if (rest == nullptr) return;
  nominated_.insert_or_assign(victim.id, *source);
  (*source)->nominated(*rest);
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
