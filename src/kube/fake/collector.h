#pragma once
#include "kube/fake/world.h"

namespace berth::kube::fake {

// One step of what kube-controller-manager does some time after the fact: deletes one object whose
// owners are all gone, carries out one foreground or orphaning deletion, or takes one namespace
// that is being deleted one object further. False: there is nothing to do.
bool collect_one(World& world);

}  // namespace berth::kube::fake
