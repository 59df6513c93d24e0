#include "operator/scheduling/nominations.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sched/core/agenda.h"

namespace berth::control {
namespace {

// Beside the source of its own charges, which come later.
std::string world_source(const sched::WorkloadId& id) { return "nominated:" + id.uid; }

std::vector<sched::Charge> charges_of(const sched::Ask& ask, const sched::Admit& placement) {
  std::vector<sched::Charge> charges;
  for (size_t worker = 0; worker < placement.nodes.size(); ++worker) {
    charges.push_back({.node = placement.nodes[worker],
                       .device_class = placement.device_class,
                       .devices = placement.counts[worker],
                       .room = ask.rooms[worker],
                       .kind = sched::ChargeKind::Admitted,
                       .quota = placement.quota});
  }
  return charges;
}

// Where it may be is of its limits: nobody else is refused for a region.
bool is_bound(const sched::QuotaTree& tree, const sched::Admit& admit) {
  const auto leaf = tree.find(admit.quota);
  const auto device_class = tree.find_class(admit.device_class);
  return leaf && device_class && tree.is_bound(*leaf, *device_class);
}

int64_t total_of(const sched::Admit& admit) {
  int64_t devices = 0;
  for (const int64_t count : admit.counts) devices = add_saturating(devices, count);
  return devices;
}

}  // namespace

Nominations::Nominations(Stores& stores, Books& books, WorldFeed& feed, const Settings& settings,
                         const Clock& clock)
    : stores_(stores),
      books_(books),
      feed_(feed),
      settings_(settings),
      clock_(clock),
      tree_(stores, books) {}

void Nominations::add(const sched::Ask& ask, sched::Preempt made) {
  Nomination nomination{.made = std::move(made), .name = ask.name, .charges = {}, .until = {}};
  nomination.charges = charges_of(ask, nomination.made.placement);
  Millis grace{0};
  for (const sched::Victim& victim : nomination.made.victims) {
    feed_.world().set_leaving(victim.id.uid, true);
    const api::GpuJob* job = stores_.jobs.find_uid(victim.id.uid);
    if (job == nullptr) continue;
    victims_.insert_or_assign(victim.id.uid, Leaving{ask.id, job->status.attempt});
    if (!job->spec.checkpoint) continue;
    grace = std::max<Millis>(grace, std::chrono::seconds(job->spec.checkpoint->grace_seconds));
  }
  nomination.until = clock_.monotonic() + grace + settings_.release_patience;
  nomination.reservation = ask.reservation.value_or(std::string());
  hold(ask.id, std::move(nomination));
}

void Nominations::hold(const sched::WorkloadId& id, Nomination nomination) {
  feed_.world().set_holder({.source = world_source(id),
                            .charges = nomination.charges,
                            .run = {},
                            .reservation = nomination.reservation});
  by_id_.insert_or_assign(id, std::move(nomination));
}

// Its workers are alike, so that the charge of one is that of each.
void Nominations::add_rest(const sched::Victim& victim) {
  const auto held = feed_.world().holders().find(victim.id.uid);
  const api::GpuJob* job = stores_.jobs.find_uid(victim.id.uid);
  const auto leaving = victims_.find(victim.id.uid);
  if (held == feed_.world().holders().end() || job == nullptr || leaving == victims_.end()) return;
  const sched::Charge one = held->second.facts.charges.front();
  sched::Admit rest{victim.id, one.quota, one.device_class, {}, victim.keeps};
  rest.counts.assign(victim.keeps.size(), one.devices);
  Nomination nomination{.made = {victim.id, std::move(rest), {{.id = victim.id}}},
                        .name = job->meta.name_space + "/" + job->meta.name,
                        .charges = std::vector(victim.keeps.size(), one),
                        .until = by_id_.at(leaving->second.to).until};
  for (size_t worker = 0; worker < victim.keeps.size(); ++worker) {
    nomination.charges[worker].node = victim.keeps[worker];
  }
  hold(victim.id, std::move(nomination));
}

bool Nominations::can_start(const sched::Ask& ask, const sched::Admit& admit) {
  return is_chargeable(admit) &&
         has_room(charges_of(ask, admit), ask.reservation.value_or(std::string()));
}

bool Nominations::is_chargeable(const sched::Admit& admit) {
  // What it uses of a Reservation is charged already.
  const api::GpuJob* job = stores_.jobs.find_uid(admit.id.uid);
  if (job != nullptr && !job->spec.reservation.empty()) return true;
  const sched::QuotaTree& tree = tree_.get();
  if (tree.refuses(admit.quota, admit.device_class, total_of(admit))) return false;
  if (!tree.has_regions()) return true;
  std::map<std::string, int64_t> by_region;
  for (size_t worker = 0; worker < admit.nodes.size(); ++worker) {
    const translate::Node* node = stores_.nodes.find({"", admit.nodes[worker].name});
    if (node != nullptr) by_region[node->terms.region] += admit.counts[worker];
  }
  return std::all_of(by_region.begin(), by_region.end(), [&](const auto& there) {
    const auto& [region, devices] = there;
    if (region.empty() || !is_bound(tree, admit)) return true;
    return !tree.refuses(admit.quota, sched::column_of(admit.device_class, region), devices);
  });
}

const Nomination* Nominations::find(const sched::WorkloadId& id) const {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &at->second;
}

void Nominations::told(const sched::WorkloadId& id) {
  const auto at = by_id_.find(id);
  if (at == by_id_.end() || at->second.is_told) return;
  at->second.is_told = true;
  if (!ask_to_go) return;
  for (const sched::Victim& victim : at->second.made.victims) ask_to_go(victim.id.uid);
}

void Nominations::withdraw(const sched::WorkloadId& id) {
  const auto at = by_id_.find(id);
  if (at != by_id_.end()) drop(at);
}

// Victims that have not been asked to go by now stay. Who has gone, and may have to give way to
// another since, is no victim of this one any more.
void Nominations::drop(std::map<sched::WorkloadId, Nomination>::iterator at) {
  const Nomination gone = std::move(at->second);
  const sched::WorkloadId id = gone.made.id;
  feed_.world().remove_holder(world_source(id));
  by_id_.erase(at);
  for (const sched::Victim& victim : gone.made.victims) {
    const auto leaving = victims_.find(victim.id.uid);
    if (leaving == victims_.end() || leaving->second.to != id) continue;
    // It may have gone whole, and wait with a nomination of another kind by now.
    const auto rest = by_id_.find(victim.id);
    const bool has_rest = rest != by_id_.end() && is_resize(rest->second);
    if (has_rest && has_begun_to_go(victim.id.uid)) {
      leaving->second.to = victim.id;
      continue;
    }
    feed_.world().set_leaving(victim.id.uid, false);
    victims_.erase(leaving);
    if (!has_rest) continue;
    drop(rest);
    if (ask_to_go) ask_to_go(victim.id.uid);
  }
}

bool Nominations::has_begun_to_go(const std::string& job_uid) const {
  const api::GpuJob* job = stores_.jobs.find_uid(job_uid);
  return job != nullptr && (!job->status.placement || is_ending(job->status));
}

std::optional<GivesWay> Nominations::gives_way(const std::string& job_uid) const {
  const auto victim = victims_.find(job_uid);
  if (victim == victims_.end() || !is_there(job_uid, victim->second.attempt)) return std::nullopt;
  const Nomination& nomination = by_id_.at(victim->second.to);
  if (!nomination.is_told) return std::nullopt;
  const Nomination* rest = find({job_uid});
  if (rest != nullptr && !rest->is_told) return std::nullopt;
  const auto& all = nomination.made.victims;
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const sched::Victim& v) { return v.id.uid == job_uid; });
  return GivesWay{nomination.name, at->lost_device_ms};
}

// What the books charge beside it, and Reservations but its own keep, leaves room on every node.
// The pass may have counted on victims for what is kept: then these have to be gone.
bool Nominations::has_room(const std::vector<sched::Charge>& charges,
                           const std::string& reservation) const {
  std::map<sched::NodeId, sched::NodeUse> wants;
  for (const sched::Charge& charge : charges) {
    sched::NodeUse& use = wants[charge.node];
    use.devices += charge.devices;
    use.room.cpu_milli = add_saturating(use.room.cpu_milli, charge.room.cpu_milli);
    use.room.memory_bytes = add_saturating(use.room.memory_bytes, charge.room.memory_bytes);
    ++use.workers;
  }
  return std::all_of(wants.begin(), wants.end(), [&](const auto& wanted) {
    const auto& [id, use] = wanted;
    const translate::Node* node = stores_.nodes.find({"", id.name});
    if (node == nullptr) return false;
    const sched::NodeUse& taken = books_.ledger().on(id);
    const int64_t kept = sched::kept_now(feed_.world(), id, reservation, clock_.now());
    return taken.devices + use.devices + kept <= node->devices &&
           taken.room.cpu_milli + use.room.cpu_milli <= node->room.cpu_milli &&
           taken.room.memory_bytes + use.room.memory_bytes <= node->room.memory_bytes &&
           taken.workers + use.workers <= node->pods;
  });
}

bool Nominations::is_hopeless(const Nomination& nomination) const {
  if (clock_.monotonic() >= nomination.until) return true;
  const auto& nodes = nomination.made.placement.nodes;
  const bool has_nodes = std::all_of(nodes.begin(), nodes.end(), [&](const sched::NodeId& id) {
    const translate::Node* node = stores_.nodes.find({"", id.name});
    return node != nullptr && node->is_usable();
  });
  return !has_nodes || (nomination.is_told && !anything_leaves(nomination));
}

// One without victims waits for those of others.
bool Nominations::anything_leaves(const Nomination& nomination) const {
  const auto& victims = nomination.made.victims;
  return victims.empty() ||
         std::any_of(victims.begin(), victims.end(), [&](const sched::Victim& victim) {
           const auto leaving = victims_.find(victim.id.uid);
           return leaving != victims_.end() && is_there(victim.id.uid, leaving->second.attempt);
         });
}

bool Nominations::is_there(const std::string& job_uid, int64_t attempt) const {
  const api::GpuJob* job = stores_.jobs.find_uid(job_uid);
  return job != nullptr && job->status.placement && job->status.placement->attempt == attempt;
}

// A gang that goes on with another number of workers has its devices once beside all others.
bool Nominations::still_runs(const Nomination& nomination) const {
  if (!is_resize(nomination)) return false;
  const api::GpuJob* job = stores_.jobs.find_uid(nomination.made.id.uid);
  return job != nullptr && job->status.placement.has_value();
}

std::optional<sched::Admit> Nominations::take_due() {
  for (auto at = by_id_.begin(); at != by_id_.end(); ++at) {
    const Nomination& one = at->second;
    if (still_runs(one) || !has_room(one.charges, one.reservation)) continue;
    if (!is_chargeable(one.made.placement)) continue;
    sched::Admit due = one.made.placement;
    drop(at);
    return due;
  }
  return std::nullopt;
}

// To drop one may drop another.
bool Nominations::drop_hopeless() {
  std::vector<sched::WorkloadId> hopeless;
  for (const auto& [id, nomination] : by_id_) {
    if (is_hopeless(nomination)) hopeless.push_back(id);
  }
  for (const sched::WorkloadId& id : hopeless) withdraw(id);
  return !hopeless.empty();
}

Monotonic Nominations::next() const {
  Monotonic next = Monotonic::max();
  for (const auto& [id, nomination] : by_id_) next = std::min(next, nomination.until);
  return next;
}

}  // namespace berth::control
