#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sched/core/world.h"
#include "sched/decision.h"
#include "sched/sla/promises.h"

namespace berth::sched {

// What an ask may have at all, whatever is free, in one pass:
//
//   tiers      its tenant may use its tier, and there is one of that name
//   budgets    nothing on its path has spent what its window allows
//   borrowing  work that never gives way stays within its leaf's own guarantee: what it held beyond
//              that could not be returned to those who are guaranteed it
//   promises   percent x devices of all who hold a promise of the class stays within the class, or
//              that of its leaf within the leaf's own guarantee. The latter, which reclaim can
//              always obtain, is never refused for what others were promised beyond theirs
//
// A promise is made when work is first admitted and holds until it ends, also while it has to give
// way. Nothing is looked at that no ask needs: without tiers and budgets it costs a few
// comparisons.
class Entitlement {
 public:
  // `tree` is the pass's own and must outlive this, like `world`.
  Entitlement(const World& world, const QuotaTree& tree, Instant now)
      : world_(world), tree_(tree), now_(now) {}

  // Of the asks of this pass, those that were promised something and wait again. Cost: O(asks).
  void expect(const std::vector<const Ask*>& asks);
  // Nothing may be admitted of this ask.
  std::optional<Hold> bars(const Ask& ask, QuotaTree::Node leaf) const;
  // As QuotaTree::refuses(), in all columns that it would count in, and beyond the leaf's own
  // guarantee where it may not borrow.
  std::optional<QuotaRefusal> refuses(const Ask& ask, const Alternative& wants) const;
  std::optional<QuotaRefusal> exceeds_own(const Ask& ask, const Alternative& wants) const;
  // What its tier promises could not be kept. Cost: O(1) while devices are free, else once per pass
  // O(holders), and O(n log n) over the class for each refusal.
  std::optional<Hold> breaks_promises(const Ask& ask, const Alternative& wants);
  void admitted(const Ask& ask, const Alternative& wants);

 private:
  using LeafAndClass = std::pair<QuotaId, DeviceClass>;
  struct Made {
    Promises promises;                       // by class
    std::map<LeafAndClass, int64_t> leaves;  // hundredths of a device
  };
  struct Admitted {
    WorkloadId id;
    QuotaId leaf;
    Promised promised;
  };
  void make(const Admitted& admitted);
  void gather();

  const World& world_;
  const QuotaTree& tree_;
  Instant now_;
  std::vector<const Ask*> waiting_;               // promised, and not admitted by this pass
  std::map<DeviceClass, int64_t> waiting_wants_;  // of them, in hundredths of a device
  std::vector<Admitted> admitted_;                // before it was needed
  std::optional<Made> made_;
};

// What a leaf's own limits guarantee it in a column.
int64_t guaranteed_to(const QuotaTree& tree, const QuotaId& leaf, const Column& column);
// What never gives way could not give back what it borrowed: why it may not have this, with what
// `tree` counts already. Nothing for work that gives way.
std::optional<QuotaRefusal> beyond_own(const World& world, const QuotaTree& tree, const Ask& ask,
                                       const Alternative& wants);

}  // namespace berth::sched
