#include "sched/core/trial.h"

namespace berth::sched {

void Trial::back_to(Mark mark) {
  for (; steps_.size() > mark; steps_.pop_back()) {
    const Step& step = steps_.back();
    if (step.took) {
      world_.fleet().give(step.spot);
    } else {
      world_.fleet().retake(step.spot);
    }
  }
}

std::optional<std::vector<Spot>> Trial::place(const Gang& gang, Beside* beside) {
  auto spots = sched::place(world_.fleet(), world_.topology(), gang, beside);
  if (spots) {
    for (const Spot& spot : *spots) steps_.push_back({spot, true});
  }
  return spots;
}

Spot Trial::take(ShapeId shape, NodeIndex node) {
  steps_.push_back({world_.fleet().take(shape, node), true});
  return steps_.back().spot;
}

Spot Trial::force(ShapeId shape, NodeIndex node) {
  steps_.push_back({world_.fleet().force(shape, node), true});
  return steps_.back().spot;
}

void Trial::give(const Spot& spot) {
  world_.fleet().give(spot);
  steps_.push_back({spot, false});
}

void Trial::lift(const World::Held& held) {
  for (size_t i = 0; i < held.spots.size(); ++i) {
    if (!held.is_placed[i]) continue;
    const Spot& spot = held.spots[i];
    give(spot);
    if (!is_promised(held, spot.node)) continue;
    const Shape devices{.need = world_.fleet().shape_of(spot.shape).need};
    force(world_.fleet().shape(devices), spot.node);
  }
}

}  // namespace berth::sched
