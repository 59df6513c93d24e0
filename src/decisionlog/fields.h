#pragma once
#include <concepts>
#include <optional>
#include <type_traits>

#include "sched/core/reservation.h"
#include "sched/core/world.h"
#include "sched/decision.h"
#include "sched/facts.h"
#include "sched/fleet/outlook.h"
#include "sched/quota/fair_share.h"
#include "sched/quota_tree.h"

// What the core's values are called in the log: one description per struct, read by Writer and
// Reader alike. Each takes its struct apart whole, so that a member that is added there does not
// compile here until it has a name: a fact that the log does not know cannot be replayed.
namespace berth::decisionlog {

template <class T, class S>
concept Of = std::same_as<std::remove_const_t<T>, S>;

void describe(auto& v, Of<sched::Room> auto& room) {
  auto& [cpu_milli, memory_bytes] = room;
  v("cpu_milli", cpu_milli);
  v("memory_bytes", memory_bytes);
}

void describe(auto& v, Of<sched::Node> auto& node) {
  auto& [id, device_class, devices, room, workers, usable, labels] = node;
  v("id", id);
  v("class", device_class);
  v("devices", devices);
  v("room", room);
  v("workers", workers);
  v("usable", usable);
  v("labels", labels);
}

void describe(auto& v, Of<sched::Limit> auto& limit) {
  auto& [guaranteed, borrowing, lending] = limit;
  v("guaranteed", guaranteed);
  v("borrowing", borrowing);
  v("lending", lending);
}

void describe(auto& v, Of<sched::Quota> auto& quota) {
  auto& [id, parent, limits, weight, tiers, ordering] = quota;
  v("id", id);
  v("parent", parent);
  v("limits", limits);
  v("weight", weight);
  v("tiers", tiers);
  v("ordering", ordering);
}

void describe(auto& v, Of<sched::SpentBudget> auto& spent) {
  auto& [message, until] = spent;
  v("message", message);
  v("until", until);
}

void describe(auto& v, Of<sched::Tier> auto& tier) {
  auto& [order, device_time_percent, window, max_queue, preemptible, min_runtime] = tier;
  v("order", order);
  v("device_time_percent", device_time_percent);
  v("window_ms", window);
  v("max_queue_ms", max_queue);
  v("preemptible", preemptible);
  v("min_runtime_ms", min_runtime);
}

void describe(auto& v, Of<sched::ClassValue> auto& of) {
  auto& [value, kind] = of;
  v("value", value);
  v("kind", kind);
}

void describe(auto& v, Of<sched::Need> auto& need) {
  auto& [devices, milli, profile] = need;
  v("devices", devices);
  v("milli", milli);
  v("profile", profile);
}

void describe(auto& v, Of<sched::DemandClass> auto& demand) {
  auto& [need, cpu_milli, classes, weight] = demand;
  v("need", need);
  v("cpu_milli", cpu_milli);
  v("classes", classes);
  v("weight", weight);
}

void describe(auto& v, Of<sched::ScoreWeights> auto& weights) {
  auto& [cpu, devices, waste] = weights;
  v("cpu", cpu);
  v("devices", devices);
  v("waste", waste);
}

void describe(auto& v, Of<sched::Outlook> auto& outlook) {
  auto& [mix, prices, cpu_prices, waste, weights, micro_usd_per_hour] = outlook;
  v("mix", mix);
  v("prices", prices);
  v("cpu_prices", cpu_prices);
  v("waste", waste);
  v("weights", weights);
  v("micro_usd_per_hour", micro_usd_per_hour);
}

void describe(auto& v, Of<sched::Charge> auto& charge) {
  auto& [node, device_class, devices, room, kind, quota, region] = charge;
  v("node", node);
  v("class", device_class);
  v("devices", devices);
  v("room", room);
  v("kind", kind);
  v("quota", quota);
  v("region", region);
}

void describe(auto& v, Of<sched::RunningJob> auto& job) {
  auto& [id, devices, started, last_checkpoint, saves_on_notice, save, restore, requeue,
         preemptible, min_runtime, slack, preemptions_left] = job;
  v("id", id);
  v("devices", devices);
  v("started", started);
  v("last_checkpoint", last_checkpoint);
  v("saves_on_notice", saves_on_notice);
  v("save_ms", save);
  v("restore_ms", restore);
  v("requeue_ms", requeue);
  v("preemptible", preemptible);
  v("min_runtime_ms", min_runtime);
  v("slack_ms", slack);
  v("preemptions_left", preemptions_left);
}

void describe(auto& v, Of<sched::Run> auto& run) {
  auto& [job, tier, preemptible, priority, ran_before, ends, ends_surely, grace, least_workers] =
      run;
  v("job", job);
  v("tier", tier);
  v("preemptible", preemptible);
  v("priority", priority);
  v("ran_before_ms", ran_before);
  v("ends", ends);
  v("ends_surely", ends_surely);
  v("grace_ms", grace);
  // Files of before gangs could shrink have none.
  v.unless_zero("least_workers", least_workers);
}

void describe(auto& v, Of<sched::Holder> auto& holder) {
  auto& [source, charges, run, reservation, leaving] = holder;
  v("source", source);
  v("charges", charges);
  v("run", run);
  v("reservation", reservation);
  v("leaving", leaving);
}

void describe(auto& v, Of<sched::Cells> auto& cells) {
  auto& [level, count, devices] = cells;
  v("level", level);
  v("count", count);
  v("devices", devices);
}

void describe(auto& v, Of<sched::Recurring> auto& recurring) {
  auto& [start, duration, every, weekdays, until] = recurring;
  v("start", start);
  v("duration_ms", duration);
  v("every", every);
  v("weekdays", weekdays);
  v("until", until);
}

void describe(auto& v, Of<sched::Reservation> auto& reservation) {
  auto& [uid, name, quota, device_class, count, cells, when, duration, allow_backfill, created] =
      reservation;
  v("uid", uid);
  v("name", name);
  v("quota", quota);
  v("class", device_class);
  v("count", count);
  v("cells", cells);
  v("when", when);
  v("duration_ms", duration);
  v("allow_backfill", allow_backfill);
  v("created", created);
}

void describe(auto& v, Of<sched::Occurrence> auto& occurrence) {
  auto& [from, until] = occurrence;
  v("from", from);
  v("until", until);
}

void describe(auto& v, Of<sched::Booking> auto& booking) {
  auto& [window, devices] = booking;
  v("window", window);
  v("devices", devices);
}

void describe(auto& v, Of<sched::ReservationPlan> auto& plan) {
  auto& [facts, window, bookings, fault, message, possible, is_expired] = plan;
  v("facts", facts);
  v("window", window);
  v("bookings", bookings);
  v("fault", fault);
  v("message", message);
  v("possible", possible);
  v("is_expired", is_expired);
}

void describe(auto& v, Of<sched::ResizeSettings> auto& settings) {
  auto& [settle] = settings;
  v("settle_ms", settle);
}

void describe(auto& v, Of<sched::ReservationSettings> auto& settings) {
  auto& [horizon, most_windows, release_margin, drain_margin] = settings;
  v("horizon_ms", horizon);
  v("most_windows", most_windows);
  v("release_margin_ms", release_margin);
  v("drain_margin_ms", drain_margin);
}

void describe(auto& v, Of<sched::CoreSettings> auto& settings) {
  auto& [service_levels_device_ms, victims, heads, resize, waits_per_run, urgent_slack,
         reservations] = settings;
  v("service_levels_device_ms", service_levels_device_ms);
  v("victims", victims);
  v("heads", heads);
  v("resize", resize);
  // Files of before there was such a setting have none: then it was never.
  std::optional<int> waits = waits_per_run != 0 ? std::optional(waits_per_run) : std::nullopt;
  v("waits_per_run", waits);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(settings)>>) {
    waits_per_run = waits.value_or(0);
  }
  v("urgent_slack_ms", urgent_slack);
  v("reservations", reservations);
}

void describe(auto& v, Of<sched::Alternative> auto& alternative) {
  auto& [device_class, counts, speed_percent, region] = alternative;
  v("class", device_class);
  v("counts", counts);
  v("speed_percent", speed_percent);
  v("region", region);
}

void describe(auto& v, Of<sched::Nearness> auto& near) {
  auto& [levels, required] = near;
  v("levels", levels);
  v("required", required);
}

void describe(auto& v, Of<sched::Ask> auto& ask) {
  auto& [id, name, quota, priority, created, alternatives, rooms, only, avoid, near, tier,
         preemptible, promised, slack, expected, ran, max_runtime, least_workers, runs_with,
         startup, grace, preemptions_left, reservation, shape, name_space, labels, locations,
         unserved] = ask;
  v("id", id);
  v("name", name);
  v("quota", quota);
  v("priority", priority);
  v("created", created);
  v("alternatives", alternatives);
  v("rooms", rooms);
  v("only", only);
  v("avoid", avoid);
  v("near", near);
  v("tier", tier);
  v("preemptible", preemptible);
  v("promised", promised);
  v("slack_ms", slack);
  v("expected_ms", expected);
  v("ran_ms", ran);
  v("max_runtime_ms", max_runtime);
  v("least_workers", least_workers);
  v("runs_with", runs_with);
  v("startup_ms", startup);
  v("grace_ms", grace);
  v("preemptions_left", preemptions_left);
  v("reservation", reservation);
  v("shape", shape);
  v("namespace", name_space);
  v("labels", labels);
  v("locations", locations);
  v("unserved", unserved);
}

void describe(auto& v, Of<sched::Rejected> auto& rejected) {
  auto& [what, why, name, workers, reason, its, taken, victims] = rejected;
  v("what", what);
  v("name", name);
  v("why", why);
  v("reason", reason);
  v("workers", workers);
  v("its", its);
  v("taken", taken);
  v("victims", victims);
}

void describe(auto& v, Of<sched::Admit> auto& admit) {
  auto& [id, quota, device_class, counts, nodes, rejected] = admit;
  v("id", id);
  v("quota", quota);
  v("class", device_class);
  v("counts", counts);
  v("nodes", nodes);
  v("rejected", rejected);
}

void describe(auto& v, Of<sched::Victim> auto& victim) {
  auto& [id, devices, lost_device_ms, keeps] = victim;
  v("id", id);
  v("devices", devices);
  v("lost_device_ms", lost_device_ms);
  v("keeps", keeps);
}

void describe(auto& v, Of<sched::Preempt> auto& preempt) {
  auto& [id, placement, victims] = preempt;
  v("id", id);
  v("placement", placement);
  v("victims", victims);
}

void describe(auto& v, Of<sched::Resize> auto& resize) {
  auto& [id, placement, from] = resize;
  v("id", id);
  v("placement", placement);
  v("from", from);
}

}  // namespace berth::decisionlog
