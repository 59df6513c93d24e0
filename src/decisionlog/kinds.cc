#include "decisionlog/kinds.h"

#include "sched/bounds.h"

namespace berth::decisionlog {
namespace {

template <class T>
void apply_one(const Change<T>& change, Facts& facts, sched::World& world) {
  if (change.empty()) return;
  Known<T>& known = std::get<Known<T>>(facts);
  for (const T& value : change.set) known.insert_or_assign(Kind<T>::key(value), value);
  for (const std::string& key : change.gone) known.erase(key);
  Kind<T>::give(world, facts, change);
}

}  // namespace

Status check(const Changes& changes) {
  constexpr int64_t kMostDevices = sched::kMostHeldDevices;
  const auto wrong = [](const std::string& of, const char* what) {
    return Error{Code::Invalid, of + ": " + what};
  };
  for (const sched::Ask& ask : std::get<Change<sched::Ask>>(changes).set) {
    for (const sched::Alternative& wants : ask.alternatives) {
      if (wants.counts.size() != ask.rooms.size()) return wrong(ask.name, "want a room per worker");
      for (const int64_t count : wants.counts) {
        if (count < 0 || count > kMostDevices) return wrong(ask.name, "counts: out of range");
      }
    }
  }
  for (const sched::Holder& holder : std::get<Change<sched::Holder>>(changes).set) {
    for (const sched::Charge& charge : holder.charges) {
      if (charge.devices >= 0 && charge.devices <= kMostDevices) continue;
      return wrong(holder.source, "devices: out of range");
    }
  }
  for (const sched::ReservationPlan& plan : std::get<Change<sched::ReservationPlan>>(changes).set) {
    if (plan.bookings.empty()) continue;
    if (!plan.facts.quota) return wrong(plan.facts.name, "want a quota");
    for (const sched::Booking& booking : plan.bookings) {
      for (const auto& [node, devices] : booking.devices) {
        if (devices < 0 || devices > kMostDevices) return wrong(plan.facts.name, "out of range");
      }
    }
  }
  for (const sched::Outlook& outlook : std::get<Change<sched::Outlook>>(changes).set) {
    if (!outlook.waste.empty() && outlook.waste.size() != size_t{sched::kWholeDevice} + 1) {
      return wrong("outlook", "waste: want an entry per thousandth");
    }
    for (const sched::DemandClass& demand : outlook.mix) {
      const sched::Need& need = demand.need;
      const bool is_fine = need.devices >= 0 && need.devices <= sched::kMostDevicesPerNode &&
                           need.milli > 0 && need.milli <= sched::kWholeDevice &&
                           need.profile < 0 && demand.weight >= 0;
      if (!is_fine) return wrong("outlook", "mix: out of range");
    }
  }
  return Done{};
}

void give_fairness(sched::World& world, const Known<Fairness>& fairness,
                   const Known<Lately>& lately) {
  sched::FairShareInputs inputs;
  for (const auto& [key, of] : fairness) {
    inputs.values = of.values;
    inputs.history_permille = of.history_permille;
  }
  for (const auto& [key, of] : lately) inputs.lately[of.quota] = of.micro_devices;
  world.set_fairness(std::move(inputs));
}

void apply(const Changes& changes, Facts& facts, sched::World& world) {
  std::apply([&](const auto&... change) { (apply_one(change, facts, world), ...); }, changes);
}

}  // namespace berth::decisionlog
