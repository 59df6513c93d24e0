#include "operator/scheduling/reservation_desk.h"

#include <utility>
#include <vector>

#include "translate/reservations.h"

namespace berth::control {

ReservationDesk::ReservationDesk(Stores& stores, Books& books, WorldFeed& feed)
    : stores_(stores), books_(books), feed_(feed) {
  stores.reservations.subscribe(
      [this](const auto* before, const auto* after) { on_reservation(before, after); });
}

// One that is seen for the first time may have been booked by another leader.
void ReservationDesk::on_reservation(const api::Reservation* before,
                                     const api::Reservation* after) {
  if (after == nullptr) {
    plans_.erase(before->meta.uid);
    books_.drop_reserved(before->meta.uid);
    feed_.world().set_reservations(plans_);
    return;
  }
  const auto [at, is_new] = plans_.try_emplace(after->meta.uid);
  if (!is_new) return;
  at->second = translate::booked_in(*after, books_.tenancy());
  feed_.world().set_reservations(plans_);
  const api::Condition* active = api::find_condition(after->status.conditions, "Active");
  if (active != nullptr && active->is_true() && at->second.window) {
    charge(at->second, at->second.window->from);
  }
}

std::optional<Instant> ReservationDesk::book(Instant now) {
  if (plans_.empty()) {
    drain({});
    return std::nullopt;
  }
  std::vector<sched::Reservation> wanted;
  for (const api::Reservation& one : stores_.reservations.all()) {
    if (!one.meta.deletion) wanted.push_back(translate::reservation_of(one, books_.tenancy()));
  }
  sched::Bookings made = sched::plan_reservations(feed_.world(), wanted, now);
  const auto before = std::exchange(plans_, std::move(made.plans));
  const Instant then = std::exchange(booked_at_, now);
  feed_.world().set_reservations(plans_);
  for (const auto& [uid, plan] : plans_) {
    charge(plan, now);
    const auto was = before.find(uid);
    const bool is_news = was == before.end() || was->second != plan ||
                         (was->second.active(then) != nullptr) != (plan.active(now) != nullptr);
    const api::Reservation* object = stores_.reservations.find_uid(uid);
    if (is_news && wake && object != nullptr) wake(runtime::key_of(object->meta));
  }
  drain(made.drains);
  return made.next == Instant::max() ? std::nullopt : std::optional(made.next);
}

void ReservationDesk::charge(const sched::ReservationPlan& plan, Instant now) {
  const sched::Booking* booking = plan.active(now);
  if (booking == nullptr) return books_.drop_reserved(plan.facts.uid);
  const size_t slash = plan.facts.name.find('/');
  std::map<std::string, int64_t> in_regions;
  for (const auto& [id, devices] : booking->devices) {
    const translate::Node* node = stores_.nodes.find({"", id.name});
    if (node != nullptr && !node->terms.region.empty()) in_regions[node->terms.region] += devices;
  }
  books_.reserve(plan.facts.uid, {.reservation = {plan.facts.name.substr(0, slash),
                                                  plan.facts.name.substr(slash + 1)},
                                  .quota = *plan.facts.quota,
                                  .device_class = plan.facts.device_class,
                                  .devices = booking->total(),
                                  .in_regions = std::move(in_regions)});
}

void ReservationDesk::drain(const std::vector<sched::Drain>& drains) {
  std::map<std::string, GivesWay> going;
  for (const sched::Drain& drain : drains) {
    const auto plan = plans_.find(drain.reservation);
    if (plan == plans_.end()) continue;
    for (const sched::Victim& victim : drain.victims) {
      going.emplace(victim.id.uid,
                    GivesWay{"Reservation " + plan->second.facts.name, victim.lost_device_ms});
    }
  }
  going_.swap(going);
  for (const auto& [uid, why] : going_) {
    if (!going.contains(uid) && ask_to_go) ask_to_go(uid);
  }
}

const sched::ReservationPlan* ReservationDesk::plan(const std::string& uid) const {
  const auto at = plans_.find(uid);
  return at == plans_.end() ? nullptr : &at->second;
}

std::optional<GivesWay> ReservationDesk::gives_way(const std::string& job_uid) const {
  const auto at = going_.find(job_uid);
  return at == going_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace berth::control
