#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sched/core/entitlement.h"
#include "sched/core/preempt.h"
#include "sched/core/regions.h"
#include "sched/core/reserved.h"
#include "sched/core/steering.h"
#include "sched/decision.h"
#include "sched/quota/reclaim.h"

namespace berth::sched {

// Who may be made to give way in one pass, and the search for the cheapest who does.
//
//   of the same tenant   lower tiers, less urgent work, work that has had more service
//   of other tenants     what they hold beyond their own, by the rules of Reclaim; of a higher tier
//                        only to return a guarantee
//   of other tenants and a lower tier   otherwise only who finds another place at once: it moves
//
// Whoever may be taken whole may be left some of its workers, where it is an elastic gang and the
// gang that takes its place does not need them: see place().
class Preemption {
 public:
  // `tree` is the pass's own; victims and admitted work are counted in it by this.
  Preemption(World& world, Trial& trial, QuotaTree& tree, Steering& steering,
             const Entitlement& entitlement, const Reserved& reserved, const FairShareInputs& fair,
             Instant now);

  // Places the gang on what victims free; on success they are lifted, the gang is taken and both
  // are counted. Changes nothing otherwise. Victims that are elastic gangs keep what is left beside
  // it of their own, and go on with that: it is as if they were evicted, which has to be allowed,
  // and admitted at once with fewer workers, which takes from nobody.
  std::optional<Preempt> place(const Ask& ask, const Alternative& wants, const Gang& gang);
  // Of a place() that found none: victims whom the rules of their quotas or a lack of other places
  // keep.
  std::optional<Rejected> refused() const;
  // The gang is placed on what these free by the terms of its reservation; counts both.
  Preempt evict(const Ask& ask, const Alternative& wants,
                const std::vector<const World::Held*>& guests, const std::vector<Spot>& spots);
  // Work that this pass admitted without a victim.
  void admitted(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots);
  // Of the last one placed: its spots, its victims and their leaves.
  const std::vector<Spot>& spots() const { return spots_; }
  const std::vector<const World::Held*>& victims() const { return victims_; }
  // Of those victims, what goes on; spots are in the trial.
  const std::map<const World::Held*, Kept>& kept() const { return kept_; }
  const std::set<QuotaTree::Node>& victim_leaves() const { return victim_leaves_; }
  const FairShare& fair() const { return fair_; }

 private:
  struct Runner {
    const World::Held* held = nullptr;  // nothing: admitted by this pass
    int64_t tier = 0;
    int64_t priority = 0;
    int level = 0;
    bool may_be_taken = false;
    int64_t cost = 0;
    ShrinkTerms shrink = {};
    // Where so many devices are enough, and it is not to go for the sake of nodes.
    int64_t cost_of(int64_t devices) const;
  };
  // Reclaimed in the column of the class, or in that of the region where the ask is tried.
  enum class Terms { Own, Reclaimed, ReclaimedThere, MovedOnly };
  struct Chosen {
    std::vector<Candidate> candidates;
    std::vector<size_t> runners;  // by candidate
    std::vector<Terms> terms;
    int64_t devices = 0;  // of all of them
  };
  void add(Chosen& chosen, size_t runner, Terms terms) const;

  // What is the same for all asks of a leaf for so many devices, until somebody comes or goes.
  const std::vector<Reclaimable>& reclaimable(const Reclaim::Ask& wants);
  void changed();
  void gather();
  void add_runner(const World::Held& held, QuotaTree::Node leaf);
  bool is_held(size_t runner, QuotaTree::Class device_class) const;
  std::vector<size_t> own_candidates(const Ask& ask, const Reclaim::Ask& wants) const;
  // One alternative as Reclaim has it: in the column of its class, and in that of a region where it
  // is tried in one that somebody lists.
  struct Wanted {
    Reclaim::Ask all;
    std::optional<Reclaim::Ask> there;
  };
  Wanted wanted(const Ask& ask, const Alternative& wants) const;
  using Named = std::vector<std::pair<size_t, Terms>>;
  // Whom the limits give, none where that is not enough.
  Named reclaimed_for(const Wanted& wants);
  Chosen candidates_for(const Ask& ask, const Wanted& wanted, const std::vector<size_t>& out,
                        int64_t free);
  bool is_allowed(const Ask& ask, const Alternative& asked, const Wanted& wants,
                  const std::vector<size_t>& victims, const std::map<size_t, Terms>& terms);
  std::vector<size_t> own_until_granted(const Ask& ask, const Alternative& asked,
                                        const Reclaim::Ask& wants);
  bool finds_another_place(const World::Held& held);
  int64_t price_of(const RunningJob& job) const;
  ShrinkTerms shrink_terms_of(const World::Held& held) const;
  void keep_some(const Ask& ask, const Alternative& wants, const std::vector<size_t>& victims,
                 const std::map<size_t, Terms>& terms);
  std::optional<Kept> keeps_of(const Ask& ask, const Alternative& wants, const Runner& runner);
  void count(const World::Held& held, const Kept& kept, int64_t sign);
  void go_on(const std::vector<size_t>& victims);
  Preempt commit(const Ask& ask, const Alternative& wants, const std::vector<size_t>& victims,
                 const std::vector<Spot>& spots);
  Preempt decision(const Ask& ask, const Alternative& wants, const std::vector<size_t>& victims,
                   const std::vector<Spot>& spots);

  Rejected beside(const Chosen& chosen, const Eviction::Next& next) const;

  World& world_;
  Trial& trial_;
  QuotaTree& tree_;
  Steering& steering_;
  Regions regions_;
  const Entitlement& entitlement_;
  const Reserved& reserved_;
  Instant now_;
  FairShare fair_;
  std::vector<Runner> runners_;                             // by index of a holding
  std::map<QuotaTree::Node, std::vector<size_t>> by_leaf_;  // runners that may be taken
  using LeafAndClass = std::pair<QuotaTree::Node, QuotaTree::Class>;
  std::map<std::pair<LeafAndClass, int64_t>, std::vector<Reclaimable>> reclaimable_;
  std::map<LeafAndClass, int64_t> none_from_;  // so many devices, or more, find nobody
  std::optional<Reclaim> reclaim_;
  std::vector<Spot> spots_;
  std::vector<const World::Held*> victims_;
  std::set<QuotaTree::Node> victim_leaves_;
  std::map<const World::Held*, Kept> kept_;  // victims that go on with fewer workers
  std::vector<Holding> early_;               // admitted before it was needed
  std::vector<size_t> refused_;
};

}  // namespace berth::sched
