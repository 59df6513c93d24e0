#include "sched/core/trial.h"

namespace berth::sched {

void Trial::back_to(Mark mark) {
  for (; spots_.size() > mark.spots; spots_.pop_back()) {
    const Step& step = spots_.back();
    if (step.took) {
      world_.fleet().give(step.spot);
    } else {
      world_.fleet().retake(step.spot);
    }
  }
  for (; uses_.size() > mark.uses; uses_.pop_back()) {
    const Use& use = uses_.back();
    world_.tree().use(use.leaf, use.device_class, -use.devices);
  }
}

std::optional<std::vector<Spot>> Trial::place(const Gang& gang) {
  auto spots = sched::place(world_.fleet(), world_.topology(), gang);
  if (spots) {
    for (const Spot& spot : *spots) spots_.push_back({spot, true});
  }
  return spots;
}

Spot Trial::take(ShapeId shape, NodeIndex node) {
  spots_.push_back({world_.fleet().take(shape, node), true});
  return spots_.back().spot;
}

Spot Trial::force(ShapeId shape, NodeIndex node) {
  spots_.push_back({world_.fleet().force(shape, node), true});
  return spots_.back().spot;
}

void Trial::give(const Spot& spot) {
  world_.fleet().give(spot);
  spots_.push_back({spot, false});
}

void Trial::lift(const World::Held& held) {
  for (size_t i = 0; i < held.spots.size(); ++i) {
    if (held.is_placed[i]) give(held.spots[i]);
  }
}

void Trial::use(const QuotaId& leaf, const DeviceClass& device_class, int64_t devices) {
  world_.tree().use(leaf, device_class, devices);
  uses_.push_back({leaf, device_class, devices});
}

}  // namespace berth::sched
