#include "sched/core/agenda.h"

#include <algorithm>
#include <utility>

#include "sched/time/profile.h"

namespace berth::sched {

bool Release::by(Instant at, Instant now) const {
  if (ends <= at) return true;
  // Who is on his way out is no worse than who would have to be told.
  if (at <= now) return (gives_way && not_before <= now) || ends <= later(now, takes);
  return gives_way && later(std::max(now, not_before), takes) <= at;
}

Release release_of(const World& world, const World::Held& held, Instant now) {
  Release release;
  if (!held.facts.run) return release;
  const Run& run = *held.facts.run;
  const Millis margin = world.settings().reservations.release_margin;
  if (run.ends_surely != Instant::max()) {
    const Instant ends = later(run.ends_surely, margin);
    if (ends > now) release.ends = ends;  // else nobody knows what keeps it
  }
  release.takes = run.grace + margin;
  release.gives_way =
      run.job.preemptible && run.job.preemptions_left > 0 && release.takes < kLongestDrain;
  release.not_before = later(run.job.started, run.job.min_runtime);
  return release;
}

Release release_of(const World& world, const Ask& ask, Instant now) {
  Release release;
  const Millis margin = world.settings().reservations.release_margin;
  if (ask.max_runtime) {
    const Millis left = std::max(Millis{0}, *ask.max_runtime - ask.ran);
    release.ends = later(now, ask.startup + left + ask.grace + margin);
  }
  const Tier& tier = world.tier(ask.tier);
  release.takes = ask.grace + margin;
  release.gives_way = ask.preemptible.value_or(tier.preemptible) && ask.preemptions_left > 0 &&
                      release.takes < kLongestDrain;
  release.not_before = later(now, tier.min_runtime);
  return release;
}

Agenda::Agenda(World& world, const NodeId& id, Instant now, Millis slack)
    : now_(now), slack_(slack), drain_margin_(world.settings().reservations.drain_margin) {
  const auto node = world.nodes().find(id);
  if (node == world.nodes().end()) return;
  if (node->second.usable) devices_ = node->second.devices;
  for (const std::string& source : world.holders_on(*world.fleet().find(id))) {
    const World::Held& held = world.holders().at(source);
    if (held.facts.leaving) continue;  // those for whom it goes are counted
    Holding holding{.held = &held,
                    .reservation = held.facts.reservation,
                    .release = release_of(world, held, now)};
    for (const Charge& charge : held.facts.charges) {
      if (charge.node == id) holding.devices += charge.devices;
    }
    if (holding.devices == 0) continue;
    if (held.facts.run) holding.cost = preemption_cost(held.facts.run->job, now).total();
    holdings_.push_back(std::move(holding));
  }
}

void Agenda::gone(const World::Held* held) {
  std::erase_if(holdings_, [&](const Holding& holding) { return holding.held == held; });
}

// For a later start only who could still be told in time with some to spare: see `slack`.
bool Agenda::frees(const Holding& holding, Instant at) const {
  if (at <= now_ || holding.release.ends_by(at)) return holding.release.by(at, now_);
  return at - slack_ > now_ && holding.release.by(at - slack_, now_);
}

bool Agenda::uses_ever(const Holding& holding) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.reservation == holding.reservation; });
}

// Users of a window are part of what is booked while it lasts.
bool Agenda::uses_at(const Holding& holding, Instant at) const {
  if (holding.reservation.empty()) return false;
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.reservation == holding.reservation && covers(entry, at);
  });
}

int64_t Agenda::owed(const Entry& entry, Instant at) const {
  int64_t owed = entry.devices;
  for (const Holding& holding : holdings_) {
    if (holding.reservation == entry.reservation && !holding.release.ends_by(at)) {
      owed -= holding.devices;
    }
  }
  return std::max<int64_t>(0, owed);
}

int64_t Agenda::owed_now(const std::string& reservation) const {
  int64_t sum = 0;
  for (const Entry& entry : entries_) {
    if (entry.reservation == reservation && covers(entry, now_)) sum += owed(entry, now_);
  }
  return sum;
}

int64_t Agenda::free_for(const std::string& reservation, const Occurrence& window,
                         Terms terms) const {
  const auto free_at = [&](Instant at) {
    int64_t free = devices_;
    for (const Holding& holding : holdings_) {
      if (holding.reservation == reservation) continue;
      const bool may_drain = at > now_ ? terms.may_drain : terms.on_demand;
      const bool is_gone = may_drain ? holding.release.by(at, now_) : holding.release.ends_by(at);
      const bool stays = uses_at(holding, at) && !holding.release.ends_by(at);
      if (!is_gone || stays) free -= holding.devices;
    }
    for (const Entry& entry : entries_) {
      if (entry.reservation != reservation && covers(entry, at)) free -= owed(entry, at);
    }
    return free;
  };
  const Instant from = std::max(now_, window.from);
  int64_t least = free_at(from);
  for (const Entry& entry : entries_) {
    if (entry.window.from > from && entry.window.from < window.until) {
      least = std::min(least, free_at(entry.window.from));
    }
  }
  return std::max<int64_t>(0, least);
}

int64_t Agenda::keeps_at(Instant at, const Sees& sees) const {
  int64_t keep = 0;
  for (const Entry& entry : entries_) {
    if (covers(entry, at) && !sees(entry)) keep += owed(entry, at);
  }
  for (const Holding& holding : holdings_) {
    if (uses_at(holding, at)) {
      if (holding.release.ends_by(at)) keep -= holding.devices;
    } else if (holding.is_promised && frees(holding, at)) {
      keep -= holding.devices;
    }
  }
  return keep;
}

// What belongs now to windows that nobody may use meanwhile.
int64_t Agenda::closed_now(const Sees& sees) const {
  int64_t sum = 0;
  for (const Entry& entry : entries_) {
    if (covers(entry, now_) && !entry.allow_backfill && !sees(entry)) sum += owed(entry, now_);
  }
  return sum;
}

int64_t Agenda::free_now() const {
  int64_t free = devices_;
  for (const Holding& holding : holdings_) free -= holding.devices;
  return std::max<int64_t>(0, free);
}

// Who is promised to a later window need not go for one that is there while enough is free.
int64_t Agenda::keeps(const Sees& sees) const {
  int64_t most = std::min(closed_now(sees), free_now());
  for (const Entry& entry : entries_) {
    if (!sees(entry)) most = std::max(most, keeps_at(begin(entry), sees));
  }
  return most;
}

std::vector<Agenda::Leaving> Agenda::leaving() const {
  std::set<Instant> starts;
  for (const Entry& entry : entries_) starts.insert(begin(entry));
  std::vector<const Holding*> order;
  for (const Holding& holding : holdings_) {
    if (holding.is_promised) order.push_back(&holding);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Holding* a, const Holding* b) { return a->cost < b->cost; });
  std::vector<Leaving> leaving;
  std::set<const Holding*> gone;
  const int64_t kept = keeps(sees_nothing);
  for (const Instant at : starts) {
    int64_t lacks = -kept;
    for (const Entry& entry : entries_) {
      // Guests of a window that is there go when a user comes.
      if (covers(entry, at) && (at > now_ || !entry.allow_backfill)) lacks += owed(entry, at);
    }
    for (const Holding& holding : holdings_) {
      const bool counts = holding.is_promised || uses_at(holding, at);
      const bool ends = counts && holding.release.ends_by(at);
      if (ends || gone.contains(&holding)) lacks -= holding.devices;
    }
    for (const Holding* holding : order) {
      if (lacks <= 0) break;
      if (gone.contains(holding) || holding->release.ends_by(at) || uses_at(*holding, at)) continue;
      if (!holding->release.by(at, now_)) continue;
      lacks -= holding->devices;
      gone.insert(holding);
      const bool is_told = !holding->release.gives_way || holding->release.not_before > at;
      if (!is_told) leaving.push_back({holding, at});
    }
  }
  return leaving;
}

void Agenda::promise(const std::set<const World::Held*>& chosen) {
  Instant last = now_;
  for (const Entry& entry : entries_) last = std::max(last, begin(entry));
  std::vector<Holding*> order;
  for (Holding& holding : holdings_) {
    holding.is_promised = false;
    const bool counts = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return frees(holding, begin(entry));
    });
    if (counts) order.push_back(&holding);
  }
  const auto ends_in_time = [&](const Holding* holding) { return holding->release.ends <= last; };
  const auto rank = [&](const Holding* holding) {
    const bool ends = ends_in_time(holding);
    const int64_t cost = chosen.contains(holding->held) ? -1 : holding->cost;
    return std::tuple(!ends, ends ? holding->release.ends : Instant::min(), ends ? 0 : cost);
  };
  std::stable_sort(order.begin(), order.end(), [&](const Holding* a, const Holding* b) {
    return rank(a) < rank(b);  // equal ones stay in the order of their sources
  });
  for (Holding* holding : order) {
    const bool by_going = !ends_in_time(holding);
    const int64_t lacks = lacks_soon(by_going);
    if (lacks == 0 && by_going) return;
    holding->is_promised = true;
    holding->is_promised = lacks_soon(by_going) < lacks;
  }
}

// What the promises leave uncovered. Shortly before a start, what is free covers as well: nobody is
// told to go for devices that are there. Where guests are not wanted it does at any time.
int64_t Agenda::lacks_soon(bool by_going) const {
  Millis ahead{0};
  for (const Holding& holding : holdings_) {
    if (holding.release.gives_way) ahead = std::max(ahead, holding.release.takes);
  }
  int64_t sum = 0;  // so that a start at which much is lacking hides none of the others
  for (const Entry& entry : entries_) {
    const Instant at = begin(entry);
    const bool is_soon = at > now_ && at <= later(now_, ahead + drain_margin_);
    const bool is_closed = by_going && !entry.allow_backfill;
    const int64_t covered = is_soon || is_closed ? free_now() : 0;
    sum += std::max<int64_t>(0, keeps_at(at, sees_nothing) - covered);
  }
  return sum;
}

int64_t kept_now(World& world, const NodeId& node, const std::string& own, Instant now) {
  if (world.reservations().empty() || !world.fleet().find(node)) return 0;
  Agenda agenda(world, node, now);
  for (const auto& [uid, plan] : world.reservations()) {
    for (const Booking& booking : plan.bookings) {
      const auto here = booking.devices.find(node);
      if (booking.window.until <= now || here == booking.devices.end()) continue;
      agenda.add({uid, booking.window, here->second, plan.facts.allow_backfill});
    }
  }
  agenda.promise({});
  return agenda.keeps([&](const Agenda::Entry& entry) {
    return entry.allow_backfill || entry.window.from > now || entry.reservation == own;
  });
}

std::map<NodeId, Agenda> agendas_of(World& world, const Plans& plans, Instant now, Millis slack) {
  std::map<NodeId, Agenda> agendas;
  for (const auto& [uid, plan] : plans) {
    for (const Booking& booking : plan.bookings) {
      if (booking.window.until <= now) continue;
      for (const auto& [node, devices] : booking.devices) {
        const auto at = agendas.try_emplace(node, world, node, now, slack).first;
        at->second.add({uid, booking.window, devices, plan.facts.allow_backfill});
      }
    }
  }
  std::set<const World::Held*> chosen;
  for (auto& [node, agenda] : agendas) {
    agenda.promise(chosen);
    for (const Agenda::Leaving& one : agenda.leaving()) chosen.insert(one.holding->held);
  }
  return agendas;
}

}  // namespace berth::sched
