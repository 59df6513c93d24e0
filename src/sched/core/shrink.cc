#include "sched/core/shrink.h"

#include <algorithm>

#include "base/saturating.h"
#include "sched/time/profile.h"

namespace berth::sched {
namespace {

bool is_alike(const Charge& a, const Charge& b) {
  return a.kind == b.kind && a.device_class == b.device_class && a.devices == b.devices &&
         a.room == b.room && a.quota == b.quota;
}

}  // namespace

int64_t ShrinkTerms::cost(size_t kept) const {
  return add_saturating(fixed, multiply_saturating(per_kept, static_cast<int64_t>(kept)));
}

size_t least_workers(const World::Held& held) {
  const std::vector<Charge>& charges = held.facts.charges;
  if (!held.facts.run || !held.facts.reservation.empty() || charges.empty()) return 0;
  const size_t least = held.facts.run->least_workers;
  if (least == 0 || least >= charges.size()) return 0;
  const bool is_gang = std::all_of(charges.begin(), charges.end(), [&](const Charge& charge) {
    return charge.kind == ChargeKind::Admitted && is_alike(charge, charges.front());
  });
  const bool is_there = std::all_of(held.is_placed.begin(), held.is_placed.end(),
                                    [](bool is_placed) { return is_placed; });
  return is_gang && is_there ? least : 0;
}

ShrinkTerms shrink_terms(const World::Held& held, size_t least, Instant now) {
  const RunningJob& job = held.facts.run->job;
  const int64_t worker = held.facts.charges.front().devices;
  return {.least = least,
          .fixed = shrink_cost(job, 0, now).total(),
          .per_kept = shrink_cost(job, worker, now).restart};
}

Instant stretched(Millis left, size_t from, size_t to, Instant now) {
  if (left == Millis::max()) return Instant::max();
  const int64_t work = multiply_saturating(left.count(), static_cast<int64_t>(from));
  return later(now, Millis{work / std::max<int64_t>(1, static_cast<int64_t>(to))});
}

std::vector<Charge> Kept::charges(const World::Held& held) const {
  std::vector<Charge> made;
  for (const size_t worker : workers) made.push_back(held.facts.charges[worker]);
  return made;
}

Part::Part(const World::Held& held, bool is_there) : held_(&held), stays_(held.spots.size()) {
  if (!is_there) return;
  stays_.assign(held.spots.begin(), held.spots.end());
  left_ = stays_.size();
}

int64_t Part::on(NodeIndex node) const {
  return std::count_if(stays_.begin(), stays_.end(),
                       [&](const auto& spot) { return spot && spot->node == node; });
}

void Part::leave(Trial& trial, NodeIndex node, size_t workers) {
  for (size_t worker = stays_.size(); worker-- > 0 && workers > 0;) {
    if (!stays_[worker] || stays_[worker]->node != node) continue;
    trial.give(*stays_[worker]);
    stays_[worker].reset();
    --left_;
    --workers;
  }
}

void Part::leave_all(Trial& trial) {
  for (auto& spot : stays_) {
    if (spot) trial.give(*spot);
    spot.reset();
  }
  left_ = 0;
}

void Part::come_back(World& world, Trial& trial) {
  for (size_t worker = 0; worker < stays_.size(); ++worker) {
    const Spot& was = held_->spots[worker];
    if (stays_[worker] || !world.fleet().can_take(was.shape, was.node)) continue;
    stays_[worker] = trial.take(was.shape, was.node);
    ++left_;
  }
}

Kept Part::kept() const {
  Kept kept;
  for (size_t worker = 0; worker < stays_.size(); ++worker) {
    if (!stays_[worker]) continue;
    kept.workers.push_back(worker);
    kept.spots.push_back(*stays_[worker]);
  }
  return kept;
}

}  // namespace berth::sched
