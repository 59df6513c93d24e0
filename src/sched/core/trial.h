#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sched/core/world.h"

namespace berth::sched {

// Holders, by node, whose devices there are counted on by others once they are gone.
using CountedOn = std::set<std::pair<NodeIndex, const World::Held*>>;

// Changes to a world that are taken back, the latest first, down to a mark or all of them at the
// end: how a pass tries things out without copying what may be a hundred thousand nodes.
class Trial {
 public:
  explicit Trial(World& world) : world_(world) {}
  ~Trial() { back_to(0); }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  using Mark = size_t;
  Mark mark() const { return steps_.size(); }
  void back_to(Mark mark);

  std::optional<std::vector<Spot>> place(const Gang& gang, Beside* beside = nullptr);
  Spot take(ShapeId shape, NodeIndex node);
  Spot force(ShapeId shape, NodeIndex node);
  void give(const Spot& spot);
  // Everything that a holder has on its nodes. What is promised there stays taken.
  void lift(const World::Held& held);
  // Outlives the trial; null: nothing is promised.
  void keep_promises(const CountedOn* promises) { promises_ = promises; }
  bool is_promised(const World::Held& held, NodeIndex node) const {
    return promises_ != nullptr && promises_->contains({node, &held});
  }

 private:
  struct Step {
    Spot spot;
    bool took = false;
  };
  World& world_;
  std::vector<Step> steps_;
  const CountedOn* promises_ = nullptr;
};

}  // namespace berth::sched
