#include "api/condition.h"

#include <gtest/gtest.h>

namespace berth::api {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1000s};

Condition ready(ConditionStatus status, std::string reason) {
  return {.type = "Ready", .status = status, .observed_generation = 1, .reason = std::move(reason)};
}

TEST(SetCondition, AddsWhatIsNotThere) {
  std::vector<Condition> conditions;
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::True, "Fine"), kNow));
  ASSERT_NE(find_condition(conditions, "Ready"), nullptr);
  EXPECT_EQ(find_condition(conditions, "Ready")->last_transition_time, kNow);
  EXPECT_EQ(find_condition(conditions, "Admitted"), nullptr);
}

TEST(SetCondition, MovesItsTimeOnlyWithItsStatus) {
  std::vector<Condition> conditions;
  set_condition(conditions, ready(ConditionStatus::False, "Waiting"), kNow);
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::False, "OverQuota"), kNow + 1s));
  EXPECT_EQ(conditions[0].last_transition_time, kNow);
  EXPECT_EQ(conditions[0].reason, "OverQuota");
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::True, "Fine"), kNow + 2s));
  EXPECT_EQ(conditions[0].last_transition_time, kNow + 2s);
}

TEST(SetCondition, SaysThatNothingChangedSoThatNothingIsWritten) {
  std::vector<Condition> conditions;
  set_condition(conditions, ready(ConditionStatus::True, "Fine"), kNow);
  EXPECT_FALSE(set_condition(conditions, ready(ConditionStatus::True, "Fine"), kNow + 1h));
}

TEST(SetCondition, CountsANewGenerationAsAChange) {
  std::vector<Condition> conditions;
  set_condition(conditions, ready(ConditionStatus::True, "Fine"), kNow);
  Condition next = ready(ConditionStatus::True, "Fine");
  next.observed_generation = 2;
  EXPECT_TRUE(set_condition(conditions, next, kNow + 1s));
  EXPECT_EQ(conditions[0].last_transition_time, kNow);
}

}  // namespace
}  // namespace berth::api
