#include "sched/core/reserved.h"

#include <algorithm>
#include <utility>

#include "sched/core/book_reservations.h"
#include "sched/core/entitlement.h"
#include "sched/core/preempt.h"
#include "sched/core/regions.h"
#include "sched/time/moment_text.h"
#include "sched/time/profile.h"

namespace berth::sched {
namespace {

// Work that takes the longest to give way can be told twice before a start that is farther.
constexpr Millis kNear = 3 * kLongestDrain;

std::string amount(int64_t devices, const DeviceClass& device_class) {
  return std::to_string(devices) + " " + device_class;
}

}  // namespace

Reserved::Reserved(World& world, Trial& trial, QuotaTree& tree, Instant now)
    : world_(world), trial_(trial), tree_(tree), now_(now) {
  if (world.reservations().empty()) return;
  const UsersIn users = users_of_reservations(world);
  std::set<Instant> starts;
  for (const auto& [uid, plan] : world.reservations()) {
    for (const Booking& booking : plan.bookings) {
      if (booking.window.from > now) starts.insert(booking.window.from);
      if (!booking.window.holds(now)) continue;
      count_booked(tree_, world, plan, booking, users);
    }
  }
  for (const Instant at : starts) {
    moments_.push_back({at, tree_at(world, world.reservations(), at, now, true), {}});
    if (at > later(now, kNear)) continue;
    moments_.back().left = tree_at(world, world.reservations(), at, now, false);
  }
  // Who could still be told but is not, since nobody counted on it until now, is not counted on.
  const ReservationSettings& settings = world.settings().reservations;
  const Millis slack = settings.drain_margin - settings.release_margin;
  for (auto& [id, agenda] : agendas_of(world, world.reservations(), now, slack)) {
    const auto node = world.fleet().find(id);
    if (!node) continue;
    agendas_.emplace(*node, Kept{std::move(agenda), {}});
    keep(*node, sees_nothing);
    note_promises(*node);
  }
  trial_.keep_promises(&promises_);
}

// For work that could itself be asked to go before the start nobody else is: it would be admitted
// for the place that another gives, and be the cheapest to ask next.
const QuotaTree& Reserved::Moment::seen_by(const Release& release, Instant now) const {
  return left && release.gives_way && release.by(at, now) ? *left : drained;
}

bool Reserved::concerns(const World::Held& held) const {
  if (agendas_.empty()) return false;
  return std::any_of(held.spots.begin(), held.spots.end(),
                     [&](const Spot& spot) { return agendas_.contains(spot.node); });
}

void Reserved::note_promises(NodeIndex node) {
  promises_.erase(promises_.lower_bound({node, nullptr}),
                  promises_.lower_bound({node + 1, nullptr}));
  const Agenda& agenda = agendas_.at(node).agenda;
  for (const Agenda::Holding& holding : agenda.holdings()) {
    if (holding.held == nullptr) continue;
    if (holding.is_promised || agenda.uses_ever(holding)) promises_.emplace(node, holding.held);
  }
}

// Takes so many whole devices of the node's free ones.
void Reserved::take(NodeIndex node, int64_t devices) {
  if (devices <= 0) return;
  const Shape shape{
      .need = {static_cast<int32_t>(std::min(devices, int64_t{kMostDevicesPerNode}))}};
  agendas_.at(node).spot = trial_.force(world_.fleet().shape(shape), node);
}

void Reserved::keep(NodeIndex node, const Agenda::Sees& sees) {
  take(node, agendas_.at(node).agenda.keeps(sees));
}

void Reserved::drop(NodeIndex node) {
  std::optional<Spot>& spot = agendas_.at(node).spot;
  if (spot) trial_.give(*spot);
  spot.reset();
}

void Reserved::refresh(NodeIndex node) {
  drop(node);
  agendas_.at(node).agenda.promise({});
  keep(node, sees_nothing);
  note_promises(node);
}

bool Reserved::gives_up_by(const Release& release, Instant at) const {
  if (release.ends_by(at)) return true;
  if (!release.gives_way) return false;
  if (at <= now_) return release.not_before <= now_;
  // Work that would have to go as soon as it has begun is of no use to anybody.
  const Millis ahead = 2 * release.takes + world_.settings().reservations.drain_margin;
  return later(std::max(now_, release.not_before), ahead) <= at;
}

Agenda::Sees Reserved::sight_of(const Ask& ask, const Agenda& agenda) const {
  const Release release = release_of(world_, ask, now_);
  // A guest of a window that is there must not be in the way of the next one.
  const bool may_be_guest = std::all_of(
      agenda.entries().begin(), agenda.entries().end(), [&](const Agenda::Entry& entry) {
        return entry.window.from <= now_ || gives_up_by(release, entry.window.from);
      });
  return [this, release, may_be_guest,
          own = ask.reservation.value_or(std::string())](const Agenda::Entry& entry) {
    if (!own.empty() && entry.reservation == own) return true;
    const Instant at = std::max(now_, entry.window.from);
    if (release.ends_by(at)) return true;
    if (!entry.allow_backfill || (at == now_ && !may_be_guest)) return false;
    return gives_up_by(release, at);
  };
}

const ReservationPlan* Reserved::plan_of(const Ask& ask) const {
  const auto at = world_.reservations().find(*ask.reservation);
  return at == world_.reservations().end() ? nullptr : &at->second;
}

bool Reserved::is_user_at(const Ask& ask, Instant at) const {
  if (!ask.reservation) return false;
  const ReservationPlan* plan = plan_of(ask);
  return plan != nullptr && plan->active(at) != nullptr;
}

std::optional<Hold> Reserved::keeps_quota(const Ask& ask, const Alternative& wants) const {
  if (moments_.empty()) return std::nullopt;
  const Release release = release_of(world_, ask, now_);
  for (const Moment& moment : moments_) {
    if (gives_up_by(release, moment.at) || is_user_at(ask, moment.at)) continue;
    const QuotaTree& tree = moment.seen_by(release, now_);
    auto no = tree.refuses(*ask.quota, wants.device_class, wants.total());
    if (!no && wants.region && !wants.region->empty()) {
      no = tree.refuses(*ask.quota, column_of(wants.device_class, *wants.region), wants.total());
    }
    if (!no) no = beyond_own(world_, tree, ask, wants);
    if (!no) continue;
    return Hold{ask.id, Reason::Reserved,
                "wants " + amount(wants.total(), wants.device_class) +
                    (no->region.empty() ? "" : " in " + no->region) + ", from " +
                    text_of(moment.at) + " on quota " +
                    (no->at.name.empty() ? ask.quota->name : no->at.name) + " leaves " +
                    std::to_string(no->leaves) + " beside what is reserved"};
  }
  return std::nullopt;
}

const Alternative* Reserved::wanted_by_user(const Ask& ask) const {
  const ReservationPlan* plan = plan_of(ask);
  const auto at = std::find_if(
      ask.alternatives.begin(), ask.alternatives.end(),
      [&](const Alternative& wants) { return wants.device_class == plan->facts.device_class; });
  return at == ask.alternatives.end() ? nullptr : &*at;
}

std::optional<Hold> Reserved::refuses_user(const Ask& ask) const {
  const auto hold = [&](Reason reason, std::string message, Instant starts = Instant::max()) {
    return Hold{ask.id, reason, std::move(message), starts};
  };
  const ReservationPlan* plan = plan_of(ask);
  if (plan == nullptr || plan->facts.quota != ask.quota) {
    return hold(Reason::NoReservation, "names a Reservation that does not exist");
  }
  const std::string name = "Reservation " + plan->facts.name;
  const Alternative* wants = wanted_by_user(ask);
  if (wants == nullptr) {
    return hold(Reason::NoReservation,
                name + " is of " + plan->facts.device_class + ", which it does not ask for");
  }
  if (wants->total() > plan->facts.count) {
    return hold(Reason::TooLarge, "wants " + amount(wants->total(), wants->device_class) + ", " +
                                      name + " is of " + std::to_string(plan->facts.count));
  }
  if (plan->is_expired) return hold(Reason::NoReservation, name + " is over");
  if (plan->active(now_) != nullptr) return keeps_quota(ask, *wants);
  if (plan->fault != ReservationFault::Nothing) {
    return hold(Reason::NoReservation, name + " cannot be honoured: " + plan->message,
                plan->possible);
  }
  const Instant from = plan->window ? plan->window->from : Instant::max();
  return hold(Reason::AwaitsReservation, name + " starts at " + text_of(from), from);
}

std::optional<std::vector<Spot>> Reserved::place_meanwhile(const Ask& ask, const Alternative& wants,
                                                           const Gang& gang) {
  // Most asks of a full cluster need no closer look.
  int64_t most = world_.fleet().free_of(wants.device_class);
  for (const auto& [node, kept] : agendas_) {
    if (kept.spot) most += world_.fleet().shape_of(kept.spot->shape).need.total_milli();
  }
  if (most < wants.total() * kWholeDevice) return std::nullopt;
  const Trial::Mark mark = trial_.mark();
  const auto before = agendas_spots();
  for (auto& [node, kept] : agendas_) {
    if (!kept.spot) continue;
    const auto& entries = kept.agenda.entries();
    const Agenda::Sees sees = sight_of(ask, kept.agenda);
    if (std::none_of(entries.begin(), entries.end(), sees)) continue;
    drop(node);
    keep(node, sees);
    opened_.insert(node);
  }
  if (opened_.empty()) return std::nullopt;
  auto spots = trial_.place(gang);
  if (!spots) put_back(mark, before);
  return spots;
}

std::map<NodeIndex, std::optional<Spot>> Reserved::agendas_spots() const {
  std::map<NodeIndex, std::optional<Spot>> spots;
  for (const auto& [node, kept] : agendas_) spots.emplace(node, kept.spot);
  return spots;
}

void Reserved::put_back(Trial::Mark mark, const std::map<NodeIndex, std::optional<Spot>>& spots) {
  trial_.back_to(mark);
  for (const auto& [node, spot] : spots) agendas_.at(node).spot = spot;
  opened_.clear();
}

// On each of its nodes only what is the reservation's is left free.
void Reserved::open_for_user(const Ask& ask, Gang& gang) {
  std::optional<std::set<NodeIndex>> may;
  if (gang.allowed) may.emplace(gang.allowed->begin(), gang.allowed->end());
  allowed_.clear();
  for (auto& [node, kept] : agendas_) {
    if (may && !may->contains(node)) continue;
    const int64_t owed = kept.agenda.owed_now(*ask.reservation);
    const NodeId& id = world_.fleet().facts(node).id;
    if (owed == 0 || ask.avoid.contains(id) || (ask.only && !ask.only->contains(id))) continue;
    drop(node);
    opened_.insert(node);
    const int64_t free = world_.fleet().whole_free(node);
    const int64_t open =
        std::clamp<int64_t>(free - kept.agenda.keeps(sight_of(ask, kept.agenda)), 0, owed);
    take(node, free - open);
    allowed_.push_back(node);
  }
  std::sort(allowed_.begin(), allowed_.end(), [&](NodeIndex a, NodeIndex b) {
    return world_.fleet().facts(a).id < world_.fleet().facts(b).id;
  });
  gang.allowed = allowed_;
  if (gang.ranks.empty()) return;
  ranks_.assign(gang.ranks.begin(), gang.ranks.end());
  for (std::vector<NodeIndex>& rank : ranks_) {
    std::erase_if(rank, [&](NodeIndex node) {
      return std::find(allowed_.begin(), allowed_.end(), node) == allowed_.end();
    });
  }
  gang.ranks = ranks_;
}

std::optional<std::vector<Spot>> Reserved::place_user(const Ask& ask, Gang gang) {
  const Trial::Mark mark = trial_.mark();
  const auto before = agendas_spots();
  open_for_user(ask, gang);
  std::optional<std::vector<Spot>> spots;
  if (!allowed_.empty()) spots = trial_.place(gang);
  if (!spots) {
    put_back(mark, before);
    return spots;
  }
  count_in(tree_, world_, *ask.quota, plan_of(ask)->facts.device_class, *spots, -1);
  return spots;
}

std::optional<Reserved::Cleared> Reserved::clear_for_user(const Ask& ask, Gang gang) {
  const Trial::Mark mark = trial_.mark();
  const auto before = agendas_spots();
  open_for_user(ask, gang);
  std::map<const World::Held*, int64_t> guests;  // and what giving way costs
  for (const NodeIndex node : allowed_) {
    for (const Agenda::Holding& holding : agendas_.at(node).agenda.holdings()) {
      const bool is_guest = holding.is_promised && holding.held != nullptr &&
                            holding.reservation != *ask.reservation && holding.release.gives_way &&
                            holding.release.not_before <= now_;
      if (is_guest) guests.emplace(holding.held, holding.cost);
    }
  }
  std::vector<Candidate> candidates;
  for (const auto& [source, held] : world_.holders()) {  // by source, not by address
    const auto guest = guests.find(&held);
    if (guest != guests.end()) candidates.push_back({guest->first, guest->second});
  }
  trial_.keep_promises(nullptr);
  auto eviction = evict_for(world_, trial_, gang, candidates);
  trial_.keep_promises(&promises_);
  Cleared cleared;
  if (eviction) {
    cleared.spots = eviction->spots;
    for (const Candidate* victim : eviction->victims) cleared.victims.push_back(victim->held);
  }
  if (!eviction || cleared.victims.empty() || !is_within_booking(ask, cleared)) {
    put_back(mark, before);
    return std::nullopt;
  }
  count_in(tree_, world_, *ask.quota, plan_of(ask)->facts.device_class, cleared.spots, -1);
  return cleared;
}

// What it takes on each node is its reservation's, and what others have booked is still to be had.
bool Reserved::is_within_booking(const Ask& ask, const Cleared& cleared) {
  std::map<NodeIndex, int64_t> takes;
  for (const Spot& spot : cleared.spots) {
    takes[spot.node] += world_.fleet().shape_of(spot.shape).need.devices;
  }
  return std::all_of(takes.begin(), takes.end(), [&](const auto& taken) {
    const Kept& kept = agendas_.at(taken.first);
    if (taken.second > kept.agenda.owed_now(*ask.reservation)) return false;
    Agenda then = kept.agenda;
    for (const World::Held* victim : cleared.victims) then.gone(victim);
    then.add({.held = nullptr,
              .reservation = *ask.reservation,
              .devices = taken.second,
              .release = release_of(world_, ask, now_)});
    then.promise({});
    int64_t free = world_.fleet().whole_free(taken.first);
    if (kept.spot) free += world_.fleet().shape_of(kept.spot->shape).need.devices;
    return then.keeps(sees_nothing) <= free;
  });
}

Hold Reserved::no_room_for_user(const Ask& ask, const Alternative& wants) const {
  const ReservationPlan& plan = *plan_of(ask);
  int64_t free = 0;
  for (const auto& [node, kept] : agendas_) free += kept.agenda.owed_now(plan.facts.uid);
  const std::string text = "wants " + amount(wants.total(), wants.device_class) + ", of the " +
                           std::to_string(plan.active(now_)->total()) + " of Reservation " +
                           plan.facts.name + " " + std::to_string(free) + " are not in use";
  if (free < wants.total()) return {ask.id, Reason::NoCapacity, text};
  return {ask.id, Reason::Fragmented, text + ", but not on nodes that each worker fits on"};
}

void Reserved::started(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
  if (world_.reservations().empty()) return;
  const Release release = release_of(world_, ask, now_);
  for (Moment& moment : moments_) {
    if (gives_up_by(release, moment.at) || is_user_at(ask, moment.at)) continue;
    count_in(moment.drained, world_, *ask.quota, wants.device_class, spots, +1);
    if (moment.left) {
      count_in(*moment.left, world_, *ask.quota, wants.device_class, spots, +1);
    }
  }
  for (const Spot& spot : spots) {
    const auto at = agendas_.find(spot.node);
    if (at == agendas_.end()) continue;
    at->second.agenda.add({.held = nullptr,
                           .reservation = ask.reservation.value_or(std::string()),
                           .devices = world_.fleet().shape_of(spot.shape).need.devices,
                           .release = release});
    opened_.insert(spot.node);
  }
  for (const NodeIndex node : opened_) refresh(node);
  opened_.clear();
}

void Reserved::gone(const World::Held* held) {
  for (const Spot& spot : held->spots) {
    const auto at = agendas_.find(spot.node);
    if (at == agendas_.end()) continue;
    at->second.agenda.gone(held);
    promises_.erase({spot.node, held});
    opened_.insert(spot.node);  // what it leaves may have to be kept
  }
}

}  // namespace berth::sched
