#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "sched/core/world.h"

namespace berth::sched {

// Changes to a world that are taken back, the latest first, down to a mark or all of them at the
// end: how a pass tries things out without copying what may be a hundred thousand nodes.
class Trial {
 public:
  explicit Trial(World& world) : world_(world) {}
  ~Trial() { back_to({}); }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  struct Mark {
    size_t spots = 0;
    size_t uses = 0;
  };
  Mark mark() const { return {spots_.size(), uses_.size()}; }
  void back_to(Mark mark);

  std::optional<std::vector<Spot>> place(const Gang& gang);
  Spot take(ShapeId shape, NodeIndex node);
  Spot force(ShapeId shape, NodeIndex node);
  void give(const Spot& spot);
  // Everything that a holder has on its nodes.
  void lift(const World::Held& held);
  void use(const QuotaId& leaf, const DeviceClass& device_class, int64_t devices);

 private:
  struct Step {
    Spot spot;
    bool took = false;
  };
  struct Use {
    QuotaId leaf;
    DeviceClass device_class;
    int64_t devices = 0;
  };

  World& world_;
  std::vector<Step> spots_;
  std::vector<Use> uses_;
};

}  // namespace berth::sched
