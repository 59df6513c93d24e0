#include "sched/core/order.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace berth::sched {
namespace {

struct Turn {
  int64_t priority = 0;  // negated: larger goes first
  Millis slack{0};       // max: not urgent
  int level = 0;
  const Ask* ask = nullptr;
};

bool is_older(const Ask* a, const Ask* b) {
  return std::tie(a->created, a->name, a->id) < std::tie(b->created, b->name, b->id);
}

bool is_overlooked(const CoreSettings& settings, const Ask& ask, Instant now) {
  if (settings.waits_per_run == 0) return false;
  const Millis waited = now - ask.created - ask.ran;
  return waited / settings.waits_per_run - ask.ran > ask.expected;
}

// Nothing but room: what it is held for otherwise is its own business.
bool waits_for_room(const Decision& decision) {
  const auto* hold = std::get_if<Hold>(&decision);
  if (hold == nullptr) return false;
  switch (hold->reason) {
    case Reason::OverQuota:
    case Reason::LentOut:
    case Reason::NoCapacity:
    case Reason::Fragmented:
    case Reason::Reserved:
    case Reason::PromisedOut: return true;
    default: return false;
  }
}

}  // namespace

int service_level(const CoreSettings& settings, int64_t devices, Millis ran) {
  const int64_t had = multiply_saturating(devices, ran.count());
  const auto& levels = settings.service_levels_device_ms;
  return static_cast<int>(std::upper_bound(levels.begin(), levels.end(), had) - levels.begin());
}

int service_level(const CoreSettings& settings, const Ask& ask) {
  const int64_t devices = ask.alternatives.empty() ? 0 : ask.alternatives.front().total();
  return service_level(settings, devices, ask.ran);
}

int service_level(const CoreSettings& settings, const Run& run, Instant now) {
  const Millis ran = run.ran_before + std::max(Millis{0}, now - run.job.started);
  return service_level(settings, run.job.devices, ran);
}

void Line::decided(const Decision& decision) {
  if (ordering != Ordering::Fifo || first_held != nullptr) return;
  if (waits_for_room(decision)) first_held = asks[next - 1];
}

void sort_asks(const CoreSettings& settings, Ordering ordering, Instant now,
               std::vector<const Ask*>& asks) {
  if (ordering == Ordering::Fifo) {
    std::sort(asks.begin(), asks.end(), [](const Ask* a, const Ask* b) {
      return a->priority != b->priority ? a->priority > b->priority : is_older(a, b);
    });
    return;
  }
  std::vector<Turn> turns;
  turns.reserve(asks.size());
  std::map<int64_t, const Ask*> oldest;  // by priority
  for (const Ask* ask : asks) {
    const Millis slack = ask->slack < settings.urgent_slack ? ask->slack : Millis::max();
    const int level = is_overlooked(settings, *ask, now) ? 0 : service_level(settings, *ask);
    turns.push_back({-ask->priority, slack, level, ask});
    const Ask*& first = oldest[ask->priority];
    if (first == nullptr || is_older(ask, first)) first = ask;
  }
  for (Turn& turn : turns) {
    if (oldest.at(turn.ask->priority) == turn.ask) turn.level = -1;
  }
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    if (a.priority != b.priority) return a.priority < b.priority;
    if (a.slack != b.slack) return a.slack < b.slack;
    return a.level != b.level ? a.level < b.level : is_older(a.ask, b.ask);
  });
  for (size_t i = 0; i < turns.size(); ++i) asks[i] = turns[i].ask;
}

}  // namespace berth::sched
