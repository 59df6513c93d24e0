#include "operator/controllers/slatier/slatier_plan.h"

#include "base/text.h"
#include "operator/world/stamp.h"

namespace berth::control {
namespace {

std::string missed_text(const api::SlaTier& tier, const TierFacts& facts) {
  if (facts.overdue > 0) {
    return count_text(facts.overdue, "job") + (facts.overdue == 1 ? " has" : " have") +
           " waited longer than " + std::to_string(tier.spec.max_queue_seconds.value_or(0)) +
           " seconds, the longest is " + facts.longest_waiting;
  }
  return std::to_string(facts.jobs - facts.kept) + " of " + count_text(facts.jobs, "job") +
         " got less than " + std::to_string(tier.spec.device_time_percent) +
         "% of the device time asked for";
}

}  // namespace

api::SlaTierStatus decide(const api::SlaTier& tier, const TierFacts& facts, Instant now) {
  api::SlaTierStatus status = tier.status;
  status.observed_generation = tier.meta.generation;
  status.attainment_percent.reset();
  if (facts.jobs > 0) status.attainment_percent = facts.kept * 100 / facts.jobs;
  status.jobs_at_risk = facts.at_risk;
  Stamp stamp{status.conditions, tier.meta.generation, now};
  stamp.set("Ready", true, "InForce", "work may name it");
  if (facts.kept < facts.jobs) {
    stamp.set("Kept", false, facts.overdue > 0 ? "QueueTimeMissed" : "DeviceTimeMissed",
              missed_text(tier, facts));
  } else {
    stamp.set("Kept", true, "PromisesKept", "everybody got what was promised");
  }
  return status;
}

}  // namespace berth::control
