#pragma once
#include "api/slatier.h"
#include "base/clock.h"
#include "operator/scheduling/tier_accounts.h"

// What the status of one SlaTier should say: a pure function of how its promises are kept.
namespace berth::control {

// `facts.jobs` are those that run or wait, or ended within the tier's window.
api::SlaTierStatus decide(const api::SlaTier& tier, const TierFacts& facts, Instant now);

}  // namespace berth::control
