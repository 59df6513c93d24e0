#include "sched/core/attempts.h"

#include <utility>

#include "sched/core/choice.h"
#include "sched/core/growth.h"
#include "sched/core/why.h"
#include "sched/cpu_class.h"
#include "sched/time/profile.h"

namespace berth::sched {

Attempts::Attempts(World& world, QuotaTree& tree, Instant now, PassNotes* notes)
    : world_(world),
      now_(now),
      tree_(tree),
      trial_(world),
      reserved_(world, trial_, tree, now),
      claims_(world, trial_, now),
      steering_(world),
      gangs_(world, steering_),
      regions_(world, tree),
      shadow_(world, steering_, notes),
      entitlement_(world, tree, now),
      preemption_(world, trial_, tree, steering_, entitlement_, reserved_, world.fairness(), now) {}

Decision Attempts::decide(const Ask& ask) {
  is_head_ = false;
  matters_to_held_ = false;
  tried_.clear();
  if (auto no = entitlement_.bars(ask, *tree_.find(*ask.quota))) return *std::move(no);
  if (ask.alternatives.empty()) return no_alternative(ask);
  if (ask.reservation) return look_reserved(ask);
  const auto sorted =
      Choice::is_open(ask) ? std::optional(Choice(ask, world_.outlook()).sorted()) : std::nullopt;
  const Ask& chosen = sorted ? *sorted : ask;
  const auto by_region = regions_.spread(chosen, *tree_.find(*ask.quota));
  return look_at(by_region ? *by_region : chosen);
}

// At its alternatives, the first that has room.
Decision Attempts::look_at(const Ask& ask) {
  for (size_t at = 0; at < ask.alternatives.size(); ++at) {
    const Alternative& wants = ask.alternatives[at];
    if (at > 0 && waits_rather(ask, tried_.front().look, wants)) {
      return give_room(up_to(ask, wants), ask);
    }
    Look found = try_one(ask, wants);
    if (found.admit) return beside_tried(ask, at, *std::move(found.admit));
    note(at, wants, std::move(found));
  }
  if (ask.least_workers == 0) return give_room(ask, ask);
  if (auto admit = try_fewer(ask)) return *std::move(admit);
  return give_room(with_workers(ask, ask.least_workers), ask);
}

void Attempts::note(size_t alternative, const Alternative& wants, Look found) {
  if (tried_.size() >= kMostRejected) return;
  tried_.push_back({alternative, static_cast<int64_t>(wants.counts.size()), std::move(found)});
}

// `ask` is the one with all its workers.
Admit Attempts::beside_tried(const Ask& ask, size_t alternative, Admit admit) const {
  if (tried_.empty() && ask.alternatives.size() == 1) return admit;
  const auto workers = static_cast<int64_t>(admit.nodes.size());
  add_rejected(rejected_alternatives(ask, alternative, workers, tried_, world_.outlook()), admit);
  return admit;
}

// The best alternative will have room so soon that the ask is served better by a wait for it than
// by this one now. Only a start that is kept for it is worth a wait.
bool Attempts::waits_rather(const Ask& ask, const Look& best, const Alternative& now) {
  const Alternative& first = ask.alternatives.front();
  const Choice choice(ask, world_.outlook());
  if (!choice.competes(now) || !choice.competes(first) || ask.least_workers > 0) return false;
  const bool may_wait = best.obstacle == Look::Obstacle::Room;
  if (!may_wait || !claims_.may_plan(first.device_class)) return false;
  const Instant starts = claims_.when(first.device_class, gangs_.of(ask, first), first.total());
  if (starts == Instant::max()) return false;
  return choice.cost(first, starts - now_) < choice.cost(now);
}

// What it names is all that it may have; an elastic gang takes its least rather than wait.
Decision Attempts::look_reserved(const Ask& ask) {
  Decision all = place_reserved(ask);
  if (ask.least_workers == 0 || !std::holds_alternative<Hold>(all)) return all;
  Decision least = place_reserved(with_workers(ask, ask.least_workers));
  if (std::holds_alternative<Hold>(least)) return all;
  if (const Alternative* wants = reserved_.wanted_by_user(ask)) {
    Rejected whole = unavailable(*wants, std::get<Hold>(all));
    whole.workers = static_cast<int64_t>(wants->counts.size());
    auto* admit = std::get_if<Admit>(&least);
    if (admit == nullptr) admit = &std::get<Preempt>(least).placement;
    add_rejected({std::move(whole)}, *admit);
  }
  return least;
}

Decision Attempts::place_reserved(const Ask& ask) {
  if (auto no = reserved_.refuses_user(ask)) return *std::move(no);
  const Alternative& wants = *reserved_.wanted_by_user(ask);
  if (auto unmet = steering_.unmet(ask, wants)) return *std::move(unmet);
  const Gang gang = gangs_.of(ask, wants);
  if (const auto spots = reserved_.place_user(ask, gang)) {
    started(ask, wants, *spots);
    return admitted(ask, wants, *spots);
  }
  const auto cleared = reserved_.clear_for_user(ask, gang);
  if (!cleared) return reserved_.no_room_for_user(ask, wants);
  Preempt preempt = preemption_.evict(ask, wants, cleared->victims, cleared->spots);
  preempted(ask, wants);
  return preempt;
}

// Others give way to it, or it is held, and perhaps its start is planned. `whole` is the ask with
// all its workers, which was looked at before.
Decision Attempts::give_room(const Ask& ask, const Ask& whole) {
  std::vector<Rejected> refused;
  for (size_t at = 0; at < ask.alternatives.size(); ++at) {
    if (auto preempt = try_preempt(ask, ask.alternatives[at])) {
      add_rejected(std::move(refused), preempt->placement);
      preempt->placement = beside_tried(whole, at, std::move(preempt->placement));
      return *std::move(preempt);
    }
    const bool is_last = at + 1 == ask.alternatives.size();
    if (is_last || refused.size() + 1 >= kMostRejected) continue;
    if (auto victims = preemption_.refused()) refused.push_back(*std::move(victims));
  }
  const Look& found = tried_.front().look;
  Hold hold = why(whole, found);
  if (found.obstacle != Look::Obstacle::Room) return hold;
  plan_start(ask, hold);
  for (const Alternative& wants : ask.alternatives) waited_for_.insert(wants.device_class);
  return hold;
}

// As many workers of an elastic gang as there are devices for.
std::optional<Admit> Attempts::try_fewer(const Ask& ask) {
  for (size_t at = 0; at < ask.alternatives.size(); ++at) {
    const Alternative& wants = ask.alternatives[at];
    for (const size_t workers : fewer_workers(ask, wants, gangs_.stock(ask, wants))) {
      const Ask fewer = with_workers(ask, workers);
      Look found = try_one(fewer, fewer.alternatives[at]);
      if (found.admit) return beside_tried(ask, at, *std::move(found.admit));
      note(at, fewer.alternatives[at], std::move(found));
    }
  }
  return std::nullopt;
}

Look Attempts::try_one(const Ask& ask, const Alternative& wants) {
  if (is_cpu(wants)) return try_cpu(ask, wants);
  if (!tree_.lists(*ask.quota, wants.device_class)) return {};
  const int64_t total = wants.total();
  if (auto no = entitlement_.refuses(ask, wants)) {
    return {{}, Look::Obstacle::Quota, std::move(no)};
  }
  if (auto no = reserved_.keeps_quota(ask, wants)) {
    return {{}, Look::Obstacle::Said, {}, std::move(no)};
  }
  const Stock stock = gangs_.stock(ask, wants);
  if (stock.exist < total) return {.obstacle = Look::Obstacle::TooLarge, .stock = stock};
  shadow_.note_overruled(ask, wants);
  if (auto unmet = steering_.unmet(ask, wants)) {
    return {{}, Look::Obstacle::Said, {}, std::move(unmet)};
  }
  if (stock.free >= total || !claims_.is_empty() || !reserved_.is_empty()) {
    auto no = entitlement_.breaks_promises(ask, wants);
    if (no) return {{}, Look::Obstacle::Said, {}, std::move(no)};
  }
  const Gang gang = gangs_.of(ask, wants);
  Beside beside;
  std::optional<std::vector<Spot>> spots;
  if (stock.free >= total) {
    spots = no_room_.place(trial_, gang, gangs_.is_shared(), &beside);
  }
  if (!spots) beside = {};
  const Instant ends = later(now_, run_time(ask, wants));
  if (!spots && !claims_.is_empty()) spots = claims_.place_meanwhile(gang, ends);
  if (!spots && !reserved_.is_empty()) spots = reserved_.place_meanwhile(ask, wants, gang);
  if (!spots) return {.obstacle = Look::Obstacle::Room, .stock = stock};
  started(ask, wants, *spots);
  Look found{admitted(ask, wants, *spots)};
  add_beside(world_, beside, *found.admit);
  return found;
}

void Attempts::started(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
  claims_.started(spots, later(now_, run_time(ask, wants)));
  reserved_.started(ask, wants, spots);
  starts(ask, wants, spots);
}

void Attempts::preempted(const Ask& ask, const Alternative& wants) {
  entitlement_.admitted(ask, wants);
  for (const World::Held* victim : preemption_.victims()) {
    claims_.gone(victim);
    reserved_.gone(victim);
    gone_.insert(victim);
  }
  for (const auto& [victim, kept] : preemption_.kept()) {
    const Instant ends = victim->facts.run->ends;
    const Millis left = std::max(Millis{1}, ends == Instant::max() ? Millis::max() : ends - now_);
    claims_.started(kept.spots, stretched(left, victim->spots.size(), kept.workers.size(), now_));
  }
  started(ask, wants, preemption_.spots());
  forget_held();  // victims may have left more room than it took
}

// Policies look at it: what shadows say, and whether held work has waited for it.
void Attempts::starts(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
  shadow_.compare(ask, wants, spots);
  if (steering_.admitted(ask, spots)) forget_held();
}

// In words, once it is sure that nobody gives way either: they cost more than the decision.
Hold Attempts::why(const Ask& ask, const Look& found) {
  const Alternative& wants = ask.alternatives.front();
  const Stock stock = gangs_.stock(ask, wants);
  switch (found.obstacle) {
    case Look::Obstacle::NotListed: return not_listed(ask, wants, tree_.limits(*ask.quota));
    case Look::Obstacle::Quota: return over_quota(ask, wants, *found.refusal);
    case Look::Obstacle::TooLarge: return no_room(world_, ask, wants, stock);
    case Look::Obstacle::Said: return *found.said;
    case Look::Obstacle::Room: break;
  }
  if (auto never = no_domain(world_, ask, wants)) return *std::move(never);
  if (claims_.stand_in_the_way(wants.device_class, gangs_.of(ask, wants), wants.total())) {
    return reserved(ask, wants, stock);
  }
  auto blamed = steering_.blamed(trial_, ask, wants, stock, gangs_.bare(ask, wants));
  return blamed ? *std::move(blamed) : no_room(world_, ask, wants, stock);
}

// No limit is about CPU, so no quota refuses it and none is charged.
Look Attempts::try_cpu(const Ask& ask, const Alternative& wants) {
  if (auto unmet = steering_.unmet(ask, wants)) {
    return {{}, Look::Obstacle::Said, {}, std::move(unmet)};
  }
  const Gang gang = gangs_.of(ask, wants);
  auto spots = trial_.place(gang);
  const Instant ends = later(now_, run_time(ask, wants));
  if (!spots && !claims_.is_empty()) spots = claims_.place_meanwhile(gang, ends);
  if (!spots) return {{}, Look::Obstacle::Said, {}, no_cpu(world_, ask, wants)};
  claims_.started(*spots, ends);
  starts(ask, wants, *spots);
  return {placed(ask, wants, *spots)};
}

Admit Attempts::admitted(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
  preemption_.admitted(ask, wants, spots);
  entitlement_.admitted(ask, wants);
  return placed(ask, wants, spots);
}

Admit Attempts::placed(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots) {
  Admit admit{ask.id, *ask.quota, wants.device_class, wants.counts, {}};
  for (const Spot& spot : spots) admit.nodes.push_back(world_.fleet().facts(spot.node).id);
  return admit;
}

// The first held workloads of a class keep what they are going to start on.
void Attempts::plan_start(const Ask& ask, Hold& hold) {
  const Alternative& wants = ask.alternatives.front();
  if (!claims_.may_plan(wants.device_class)) return;
  hold.starts = claims_.plan(wants.device_class, gangs_.of(ask, wants), wants.total());
  if (hold.starts == Instant::max()) return;
  is_head_ = true;
  forget_held();  // what is kept for it may be had meanwhile: those of its shape look for
                  // themselves
}

std::optional<Preempt> Attempts::try_preempt(const Ask& ask, const Alternative& wants) {
  if (!tree_.lists(*ask.quota, wants.device_class)) return std::nullopt;
  if (reserved_.keeps_quota(ask, wants)) return std::nullopt;
  if (entitlement_.breaks_promises(ask, wants)) return std::nullopt;
  const Gang gang = gangs_.of(ask, wants);
  if (gang.allowed && gang.allowed->empty()) return std::nullopt;
  auto preempt = preemption_.place(ask, wants, gang);
  if (preempt) preempted(ask, wants);
  return preempt;
}

std::optional<Resize> Attempts::enlarge(const Ask& ask, const WorkerChange& change) {
  const World::Held& held = world_.holders().at(change.id.uid);
  if (gone_.contains(&held)) return std::nullopt;  // it gives way in this very pass
  // What is booked counts on its devices as they are.
  if (reserved_.concerns(held)) return std::nullopt;
  const Charge& has = held.facts.charges.front();
  const auto use = [&](int64_t sign) {
    for (const Charge& charge : held.facts.charges) world_.count_in(tree_, charge, sign);
  };
  if (entitlement_.bars(ask, *tree_.find(*ask.quota))) return std::nullopt;
  Ask larger = with_workers(ask, static_cast<size_t>(change.to));
  if (auto ways = regions_.spread(larger, *tree_.find(*larger.quota))) larger = *std::move(ways);
  const Trial::Mark mark = trial_.mark();
  trial_.lift(held);
  use(-1);
  for (const Alternative& wants : larger.alternatives) {
    if (wants.device_class != has.device_class) continue;
    if (Look found = try_one(larger, wants); found.admit) {
      return Resize{change.id, *std::move(found.admit), change.from};
    }
  }
  use(+1);
  trial_.back_to(mark);
  return std::nullopt;
}

void Attempts::forget_held() {
  matters_to_held_ = true;
  no_room_.forget();
}

}  // namespace berth::sched
