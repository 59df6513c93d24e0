#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sched/core/trial.h"

namespace berth::sched {

// On what terms an elastic gang may give way with some of its workers and go on with the others in
// their place. What it costs is linear in those that stay, see shrink_cost().
struct ShrinkTerms {
  size_t least = 0;      // workers that have to stay; 0: it gives way whole
  int64_t fixed = 0;     // device-milliseconds
  int64_t per_kept = 0;  // the same for each worker that stays
  int64_t cost(size_t kept) const;
};

// Fewest workers with which it may go on: 0 where it is no elastic gang, has no more than that, or
// holds what is a Reservation's.
size_t least_workers(const World::Held& held);
// `least`: least_workers(), above 0.
ShrinkTerms shrink_terms(const World::Held& held, size_t least, Instant now);

// When a run of which so much is left with some workers ends with fewer: it takes as much longer.
Instant stretched(Millis left, size_t from, size_t to, Instant now);

// The workers of a gang that stay where they are, in the order of their numbers.
struct Kept {
  std::vector<size_t> workers;  // by number of the charge
  std::vector<Spot> spots;      // of each, in the trial

  bool is_none() const { return workers.empty(); }
  std::vector<Charge> charges(const World::Held& held) const;
};

// An elastic gang on its way to fewer workers, in a trial.
class Part {
 public:
  // Whether all of its workers are still there, or all are lifted.
  Part(const World::Held& held, bool is_there);
  size_t left() const { return left_; }
  int64_t on(NodeIndex node) const;
  // So many workers leave the node, the last ones first. REQUIRES: they are on it.
  void leave(Trial& trial, NodeIndex node, size_t workers);
  void leave_all(Trial& trial);
  // As many of those that have left as have room where they were.
  void come_back(World& world, Trial& trial);
  Kept kept() const;

 private:
  const World::Held* held_;
  std::vector<std::optional<Spot>> stays_;  // by worker; nothing: it leaves
  size_t left_ = 0;
};

}  // namespace berth::sched
