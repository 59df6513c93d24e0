#include "sched/core/firm.h"

#include <algorithm>

#include "sched/core/agenda.h"

namespace berth::sched {
namespace {

using Plans = std::map<std::string, ReservationPlan>;

bool is_of(const Charge& charge, const Reservation& one) {
  return charge.kind == ChargeKind::Admitted && charge.quota == one.quota &&
         charge.device_class == one.device_class;
}

int64_t booked_at(Instant when, const World& world, const Plans& plans, const Reservation& one,
                  const std::string& region) {
  int64_t sum = 0;
  for (const auto& [uid, plan] : plans) {
    if (uid == one.uid || plan.facts.quota != one.quota ||
        plan.facts.device_class != one.device_class) {
      continue;
    }
    for (const Booking& b : plan.bookings) {
      const bool is_there = region.empty() || (!b.devices.empty() &&
                                               world.region_of(b.devices.begin()->first) == region);
      if (is_there && b.window.holds(when)) sum += plan.facts.count;
    }
  }
  return sum;
}

bool is_firm(const World& world, const World::Held& held) {
  if (!held.facts.run || held.facts.leaving) return false;
  const Run& run = *held.facts.run;
  return !run.preemptible.value_or(world.tier(run.tier).preemptible);
}

int64_t firm_at(Instant when, const World& world, const Plans& plans, const Reservation& one,
                const std::string& region, Instant now) {
  int64_t sum = 0;
  for (const auto& [source, held] : world.holders()) {
    if (!is_firm(world, held) || held.facts.reservation == one.uid) continue;
    const auto used = plans.find(held.facts.reservation);
    if (used != plans.end() && used->second.active(when) != nullptr) continue;
    if (release_of(world, held, now).ends_by(when)) continue;
    for (const Charge& charge : held.facts.charges) {
      if (!is_of(charge, one)) continue;
      if (region.empty() || world.region_of(charge) == region) sum += charge.devices;
    }
  }
  return sum;
}

}  // namespace

Firm most_firm(const World& world, const Plans& plans, const Reservation& one,
               const Occurrence& window, const std::string& region, Instant now) {
  const auto at = [&](Instant when) {
    return Firm{booked_at(when, world, plans, one, region),
                firm_at(when, world, plans, one, region, now)};
  };
  Firm most = at(std::max(now, window.from));
  for (const auto& [uid, plan] : plans) {
    if (plan.facts.quota != one.quota) continue;
    for (const Booking& b : plan.bookings) {
      if (!window.holds(b.window.from)) continue;
      const Firm then = at(b.window.from);
      if (then.booked + then.held > most.booked + most.held) most = then;
    }
  }
  return most;
}

}  // namespace berth::sched
