#include "operator/controllers/quota/quota_plan.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

constexpr const char* kH200 = "nvidia-h200";
const Instant kNow = Instant{Millis{1'800'000'000'000}};

// A Quota and what the ledger says of it: Ledgered(4).holds({.used = 3}).plan()
struct Ledgered {
  api::Quota quota;
  std::map<sched::DeviceClass, ClassUse> classes;
  std::optional<translate::QuotaProblem> problem;
  int64_t epoch = 5;

  explicit Ledgered(int64_t guaranteed, int64_t borrowing = 0) {
    quota.meta.name = "blue";
    quota.meta.generation = 1;
    quota.spec.namespaces = {"blue"};
    quota.spec.limits = {
        {.device_class = kH200, .guaranteed = guaranteed, .borrowing_limit = borrowing}};
  }
  Ledgered& holds(const ClassUse& use, const std::string& device_class = kH200) {
    classes[device_class] = use;
    return *this;
  }
  Ledgered& inner() {
    quota.spec.namespaces.clear();
    return *this;
  }
  Ledgered& of_leader(int64_t number) {
    epoch = number;
    return *this;
  }
  Ledgered& has(translate::QuotaProblem found) {
    problem = std::move(found);
    return *this;
  }
  QuotaPlan plan() const { return decide({quota, classes, problem, epoch, kNow}); }
  // What the API server stores of it.
  Ledgered& store() {
    quota.status = plan().status;
    return *this;
  }
};

api::QuotaUse use_of(const QuotaPlan& plan, const std::string& device_class = kH200) {
  for (const api::QuotaUse& use : plan.status.limits) {
    if (use.device_class == device_class) return use;
  }
  return {};
}
std::string said(const QuotaPlan& plan, std::string_view type) {
  const api::Condition* found = api::find_condition(plan.status.conditions, type);
  if (found == nullptr) return "absent";
  return std::string(found->is_true() ? "True " : "False ") + found->reason;
}

TEST(QuotaPlan, ShowsEveryLimitEvenWhenNothingIsUsed) {
  const QuotaPlan plan = Ledgered(4).plan();
  EXPECT_EQ(plan.status.limits.size(), 1u);
  EXPECT_EQ(plan.status.epoch, 5);
  EXPECT_EQ(plan.status.observed_generation, 1);
  EXPECT_EQ(said(plan, "Ready"), "True Enforced");
  EXPECT_EQ(said(plan, "Borrowing"), "absent");
}

TEST(QuotaPlan, ChangesNothingWhenNothingChanged) {
  EXPECT_FALSE(Ledgered(4).holds({.used = 3}).store().plan().is_changed);
}

TEST(QuotaPlan, AChargeIsUrgentAndAReleaseIsNot) {
  Ledgered blue(4);
  blue.holds({.used = 3});
  EXPECT_TRUE(blue.plan().is_urgent);
  blue.store().holds({.used = 1});
  EXPECT_TRUE(blue.plan().is_changed);
  EXPECT_FALSE(blue.plan().is_urgent);
  EXPECT_EQ(use_of(blue.plan()).used, 1);
}

TEST(QuotaPlan, WhatWaitsIsWrittenButNotUrgent) {
  Ledgered blue(4);
  blue.store().holds({.pending = 8});
  EXPECT_TRUE(blue.plan().is_changed);
  EXPECT_FALSE(blue.plan().is_urgent);
}

TEST(QuotaPlan, ANewLeadersEpochIsUrgentAndNeverShrinks) {
  Ledgered blue(4);
  blue.store();
  EXPECT_TRUE(blue.of_leader(6).plan().is_urgent);
  blue.store();
  EXPECT_EQ(blue.of_leader(2).plan().status.epoch, 6);
}

TEST(QuotaPlan, BorrowingIsSaidWithItsNumbersAndTakenBack) {
  Ledgered blue(4, 4);
  const QuotaPlan plan = blue.holds({.used = 6, .borrowed = 2}).plan();
  EXPECT_EQ(said(plan, "Borrowing"), "True Borrowing");
  EXPECT_EQ(api::find_condition(plan.status.conditions, "Borrowing")->message,
            "borrows 2 nvidia-h200");
  EXPECT_EQ(said(blue.store().holds({.used = 3}).plan(), "Borrowing"), "False WithinGuarantee");
}

TEST(QuotaPlan, AProblemIsSaidAndWhatIsUsedStays) {
  const QuotaPlan plan = Ledgered(4).holds({.used = 2}).has({"Conflict", "of two"}).plan();
  EXPECT_EQ(said(plan, "Ready"), "False Conflict");
  EXPECT_EQ(use_of(plan).used, 2);
}

// ---- the API server's bound on `used` ----

TEST(QuotaPlan, NeverGrowsAboveTheLimitAndShowsTheRest) {
  const QuotaPlan plan = Ledgered(4).holds({.used = 6}).plan();
  EXPECT_EQ(use_of(plan).used, 4);
  EXPECT_EQ(use_of(plan).unadmitted, 2);
  EXPECT_TRUE(plan.too_much.contains(kH200));
}

TEST(QuotaPlan, KeepsWhatWasUsedWhenTheLimitFalls) {
  Ledgered blue(8);
  blue.holds({.used = 6}).store().quota.spec.limits.front().guaranteed = 2;
  EXPECT_EQ(use_of(blue.plan()).used, 6);
  EXPECT_TRUE(blue.plan().too_much.empty());
  blue.holds({.used = 7});
  EXPECT_EQ(use_of(blue.plan()).used, 6);
  EXPECT_TRUE(blue.plan().too_much.contains(kH200));
  blue.holds({.used = 5});
  EXPECT_EQ(use_of(blue.plan()).used, 5);
  EXPECT_EQ(use_of(blue.plan()).unadmitted, 0);
}

TEST(QuotaPlan, AQuotaAboveOthersIsBoundByAllTheirGuarantees) {
  const QuotaPlan plan = Ledgered(0, 1).inner().holds({.used = 9, .guaranteed_below = 8}).plan();
  EXPECT_EQ(use_of(plan).used, 9);
  EXPECT_EQ(use_of(plan).subtree_guaranteed, 8);
  EXPECT_TRUE(plan.too_much.empty());
}

TEST(QuotaPlan, AClassThatIsNotListedIsShownWhereItIsHeld) {
  const QuotaPlan plan = Ledgered(4).holds({.unadmitted = 3}, "nvidia-l4").plan();
  EXPECT_EQ(use_of(plan, "nvidia-l4").unadmitted, 3);
  EXPECT_EQ(use_of(plan, "nvidia-l4").used, 0);
}

TEST(QuotaPlan, EveryPlanIsOneThatTheApiServerAccepts) {
  for (int64_t limit = 0; limit <= 3; ++limit) {
    for (int64_t stored = 0; stored <= 5; ++stored) {
      for (int64_t used = 0; used <= 6; ++used) {
        Ledgered blue(limit, 1);
        blue.quota.status.limits = {{.device_class = kH200, .used = stored}};
        const api::Quota before = blue.quota;
        api::Quota after = before;
        after.status = blue.holds({.used = used, .guaranteed_below = limit}).plan().status;
        EXPECT_TRUE(api::keeps_use_within_limits(after, before))
            << limit << " " << stored << " " << used;
        EXPECT_GE(use_of(blue.plan()).used + use_of(blue.plan()).unadmitted, used);
      }
    }
  }
}

}  // namespace
}  // namespace berth::control
