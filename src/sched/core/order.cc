#include "sched/core/order.h"

#include <algorithm>
#include <tuple>

namespace berth::sched {

Instant latest_start(const World& world, const Ask& ask) {
  const int64_t percent = world.tier(ask.tier).device_time_percent;
  if (percent <= 0) return Instant::max();
  const int64_t left = world.expected_run(ask.run, ask.ran, ask.max_runtime).count();
  const int64_t whole = add_saturating(ask.ran.count(), left);
  const int64_t may_lose = multiply_saturating(whole, 100 - percent) / percent;
  return later(ask.created, Millis{add_saturating(may_lose, ask.ran.count())});
}

void sort_asks(const World& world, Instant now, std::vector<const Ask*>& asks) {
  struct Turn {
    int64_t tier = 0;
    Instant late;  // promised work that is late goes first; all that is not is alike
    int64_t priority = 0;
    Instant due;
    const Ask* ask = nullptr;
  };
  std::vector<Turn> turns;
  turns.reserve(asks.size());
  for (const Ask* ask : asks) {
    const Instant due = latest_start(world, *ask);
    turns.push_back(
        {world.tier(ask->tier).order, due <= now ? due : Instant::max(), -ask->priority, due, ask});
  }
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.tier, a.late, a.priority, a.due, a.ask->created, a.ask->name, a.ask->id) <
           std::tie(b.tier, b.late, b.priority, b.due, b.ask->created, b.ask->name, b.ask->id);
  });
  for (size_t i = 0; i < turns.size(); ++i) asks[i] = turns[i].ask;
}

}  // namespace berth::sched
