#include "operator/controllers/slatier/slatier_plan.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

const Instant kNow{std::chrono::hours{1'000}};

api::SlaTier gold() {
  api::SlaTier tier;
  tier.meta.name = "gold";
  tier.meta.generation = 3;
  tier.spec.device_time_percent = 90;
  tier.spec.max_queue_seconds = 600;
  return tier;
}
std::string kept(const api::SlaTierStatus& status) {
  const api::Condition* found = api::find_condition(status.conditions, "Kept");
  return found->reason + ": " + found->message;
}

TEST(SlaTierPlan, SaysNothingOfAttainmentWithoutWork) {
  const api::SlaTierStatus status = decide(gold(), {}, kNow);
  EXPECT_FALSE(status.attainment_percent);
  EXPECT_EQ(status.observed_generation, 3);
  EXPECT_TRUE(api::find_condition(status.conditions, "Ready")->is_true());
  EXPECT_EQ(kept(status), "PromisesKept: everybody got what was promised");
}

TEST(SlaTierPlan, CountsWhoGotLess) {
  const api::SlaTierStatus status = decide(gold(), {.jobs = 3, .kept = 2, .at_risk = 1}, kNow);
  EXPECT_EQ(status.attainment_percent, 66);
  EXPECT_EQ(status.jobs_at_risk, 1);
  EXPECT_EQ(kept(status),
            "DeviceTimeMissed: 1 of 3 jobs got less than 90% of the device time asked for");
}

TEST(SlaTierPlan, NamesWhoHasWaitedLongest) {
  const TierFacts facts{.jobs = 3, .kept = 1, .overdue = 2, .longest_waiting = "blue/train"};
  EXPECT_EQ(
      kept(decide(gold(), facts, kNow)),
      "QueueTimeMissed: 2 jobs have waited longer than 600 seconds, the longest is blue/train");
}

TEST(SlaTierPlan, ChangesNothingWhenNothingChanged) {
  api::SlaTier tier = gold();
  const TierFacts facts{.jobs = 2, .kept = 2};
  tier.status = decide(tier, facts, kNow);
  EXPECT_EQ(decide(tier, facts, kNow + std::chrono::hours{1}), tier.status);
}

}  // namespace
}  // namespace berth::control
