#pragma once
#include "api/placementpolicy.h"
#include "sched/policy/policy.h"

// What people say of places, as the core takes it. Pure.
namespace berth::translate {

// Pools, regions and interruption become terms on the labels that nodes carry for their pool.
sched::PlacementPolicy policy_of(const api::PlacementPolicy& policy);

}  // namespace berth::translate
