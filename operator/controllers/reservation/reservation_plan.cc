#include "operator/controllers/reservation/reservation_plan.h"

#include <string>

#include "json/time.h"
#include "operator/world/stamp.h"

namespace berth::control {
namespace {

std::string window_text(const sched::Occurrence& window) {
  return "from " + format_time(window.from) + " until " + format_time(window.until);
}

void set_ready(const ReservationFacts& facts, const sched::Booking* booking, Stamp& stamp) {
  const sched::ReservationPlan& plan = facts.plan;
  if (plan.is_expired) return stamp.set("Ready", false, "Expired", "no window is to come");
  if (plan.fault != sched::ReservationFault::Nothing) {
    std::string message = plan.message;
    if (plan.possible != Instant::max()) {
      message += "; it could start at " + format_time(plan.possible);
    }
    return stamp.set("Ready", false, name_of(plan.fault), std::move(message));
  }
  if (booking == nullptr) return stamp.set("Ready", false, "NotPlanned", "is being planned");
  stamp.set("Ready", true, "Booked",
            std::to_string(booking->total()) + " " + plan.facts.device_class + " " +
                window_text(booking->window));
}

void set_rest(const ReservationFacts& facts, const sched::Booking* booking, Stamp& stamp) {
  const sched::ReservationPlan& plan = facts.plan;
  if (plan.is_expired) {
    stamp.set("Active", false, "Expired", "no window is to come");
    stamp.set("Expired", true, "Expired", "the last window has ended");
    return stamp.clear_if_set("Short", "Expired", "it holds nothing");
  }
  stamp.clear_if_set("Expired", "NotExpired", "a window is to come");
  const sched::Booking* active = plan.active(facts.now);
  if (active != nullptr) {
    stamp.set("Active", true, "Started", "until " + format_time(active->window.until));
  } else {
    stamp.set("Active", false, "NotStarted",
              plan.window ? "starts at " + format_time(plan.window->from) : "has no start yet");
  }
  if (booking != nullptr && booking->total() < plan.facts.count) {
    stamp.set("Short", true, "CapacityLost",
              "has " + std::to_string(booking->total()) + " of " +
                  std::to_string(plan.facts.count) + " devices");
  } else {
    stamp.clear_if_set("Short", "Whole", "has all its devices");
  }
}

}  // namespace

api::ReservationStatus decide(const ReservationFacts& facts) {
  api::ReservationStatus status = facts.reservation.status;
  const sched::ReservationPlan& plan = facts.plan;
  status.observed_generation = facts.reservation.meta.generation;
  status.next_start.reset();
  status.next_end.reset();
  if (plan.window) {
    status.next_start = plan.window->from;
    status.next_end = plan.window->until;
  }
  status.nodes.clear();
  const sched::Booking* booking = plan.is_expired ? nullptr : plan.current();
  if (booking != nullptr) {
    for (const auto& [node, devices] : booking->devices) {
      status.nodes.push_back({.cluster = node.cluster, .node = node.name, .count = devices});
    }
  }
  Stamp stamp{status.conditions, facts.reservation.meta.generation, facts.now};
  set_ready(facts, booking, stamp);
  set_rest(facts, booking, stamp);
  return status;
}

}  // namespace berth::control
