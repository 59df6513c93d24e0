#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sched/core/claims.h"
#include "sched/core/entitlement.h"
#include "sched/core/gangs.h"
#include "sched/core/look.h"
#include "sched/core/no_room.h"
#include "sched/core/preemption.h"
#include "sched/core/regions.h"
#include "sched/core/rejections.h"
#include "sched/core/reserved.h"
#include "sched/core/shadow.h"
#include "sched/core/steering.h"
#include "sched/core/trial.h"
#include "sched/sla/elastic.h"

namespace berth::sched {

// What becomes of one ask after the other, in one pass: its classes, regions and sizes are tried,
// then whose place it could take. What is decided counts for those that come later.
class Attempts {
 public:
  // `tree` is the pass's own: what is admitted is counted in it. It must outlive this, like
  // `world`, which is as before when this ends.
  Attempts(World& world, QuotaTree& tree, Instant now, PassNotes* notes);

  // Before the first one: all that the pass decides on. Cost: O(asks).
  void expect(const std::vector<const Ask*>& asks) { entitlement_.expect(asks); }
  // REQUIRES: its quota is in the tree.
  Decision decide(const Ask& ask);
  // A running gang is lifted and placed anew, larger; nothing where it has no place.
  std::optional<Resize> enlarge(const Ask& ask, const WorkerChange& change);

  // Of the one that was decided on last: its start is planned; what it did may matter to work that
  // is held.
  bool is_head() const { return is_head_; }
  bool matters_to_held() const { return matters_to_held_; }
  // After a Preempt: whose quotas have given something back.
  const std::set<QuotaTree::Node>& victim_leaves() const { return preemption_.victim_leaves(); }
  // Classes that work which is held has waited for.
  const std::set<DeviceClass>& waited_for() const { return waited_for_; }
  const FairShare& fair() const { return preemption_.fair(); }
  // A small number; asks of one shape and one number meet the same policies.
  uint64_t profile(const Ask& ask) { return steering_.profile(ask); }

 private:
  Decision look_at(const Ask& ask);
  bool waits_rather(const Ask& ask, const Look& best, const Alternative& now);
  Decision look_reserved(const Ask& ask);
  Decision place_reserved(const Ask& ask);
  Decision give_room(const Ask& ask, const Ask& whole);
  std::optional<Admit> try_fewer(const Ask& ask);
  void note(size_t alternative, const Alternative& wants, Look found);
  Admit beside_tried(const Ask& ask, size_t alternative, Admit admit) const;
  Look try_one(const Ask& ask, const Alternative& wants);
  Look try_cpu(const Ask& ask, const Alternative& wants);
  std::optional<Preempt> try_preempt(const Ask& ask, const Alternative& wants);
  void plan_start(const Ask& ask, Hold& hold);
  Hold why(const Ask& ask, const Look& found);

  void started(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots);
  void preempted(const Ask& ask, const Alternative& wants);
  void starts(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots);
  Admit admitted(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots);
  Admit placed(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots);
  void forget_held();

  World& world_;
  Instant now_;
  QuotaTree& tree_;
  Trial trial_;
  Reserved reserved_;
  Claims claims_;
  Steering steering_;
  Gangs gangs_;
  Regions regions_;
  Shadow shadow_;
  Entitlement entitlement_;
  NoRoom no_room_;
  Preemption preemption_;
  std::vector<Tried> tried_;  // of the ask that is decided on, the first kMostRejected
  std::set<DeviceClass> waited_for_;
  std::set<const World::Held*> gone_;  // who gives way, whole or in part
  bool is_head_ = false;
  bool matters_to_held_ = false;
};

}  // namespace berth::sched
