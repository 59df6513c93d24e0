#include "sched/quota/reclaim.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace berth::sched {
namespace {

constexpr const char* kOnlyClass = "nvidia-h200";

Quota of_one_class(const std::string& name, Limit limit, const std::string& parent = "",
                   int64_t weight = 1) {
  Quota made{.id = {name}, .limits = {{kOnlyClass, limit}}, .weight = weight};
  if (!parent.empty()) made.parent = QuotaId{parent};
  return made;
}

// Builds a tree with work that runs, each later than the one before.
class Tenants {
 public:
  Tenants(const std::vector<Quota>& quotas, int64_t capacity)
      : tree_(quotas, {{kOnlyClass, capacity}}),
        fair_(tree_, {.capacity = {{kOnlyClass, capacity}}}),
        reclaim_(tree_, fair_, {}) {}

  size_t runs(const std::string& leaf, int64_t devices, int64_t lost_work = 0) {
    return reclaim_.admit({.id = {"w" + std::to_string(now_)},
                           .leaf = *tree_.find({leaf}),
                           .devices = devices,
                           .admitted = now_++,
                           .lost_work = lost_work});
  }
  Reclaim::Ask ask(const std::string& leaf, int64_t devices) const {
    return {.leaf = *tree_.find({leaf}), .devices = devices};
  }
  std::optional<std::vector<size_t>> plan(const std::string& leaf, int64_t devices) {
    return reclaim_.plan(ask(leaf, devices));
  }
  ReclaimFault judge(const std::string& leaf, int64_t devices, const std::vector<size_t>& victims) {
    return reclaim_.judge(ask(leaf, devices), victims);
  }
  QuotaTree tree_;
  FairShare fair_;
  Reclaim reclaim_;
  int64_t now_ = 0;
};

using Plan = std::vector<size_t>;

TEST(Reclaim, TakesNothingWhenTheTreeGrantsTheAsk) {
  Tenants at({of_one_class("blue", {.guaranteed = 4}), of_one_class("green", {.borrowing = 8})}, 8);
  at.runs("green", 4);
  EXPECT_EQ(at.plan("blue", 4), Plan{});
}

TEST(Reclaim, ReturnsALentGuarantee) {
  Tenants at({of_one_class("org", {}), of_one_class("blue", {.guaranteed = 4}, "org"),
              of_one_class("green", {.guaranteed = 4, .borrowing = 4}, "org")},
             8);
  const size_t own = at.runs("green", 4);
  const size_t borrowed = at.runs("green", 4);
  EXPECT_EQ(at.plan("blue", 4), Plan{borrowed});
  EXPECT_EQ(at.judge("blue", 4, {own}), ReclaimFault::Covered) << "the older is green's own";
  EXPECT_EQ(at.plan("blue", 5), std::nullopt) << "blue may not borrow";
}

TEST(Reclaim, ReturnsAGuaranteeThoughTheVictimCannotBeSplit) {
  Tenants at({of_one_class("org", {}), of_one_class("blue", {.guaranteed = 4}, "org"),
              of_one_class("green", {.guaranteed = 4, .borrowing = 4}, "org")},
             8);
  const size_t whole = at.runs("green", 8);
  EXPECT_EQ(at.plan("blue", 1), Plan{whole});
}

TEST(Reclaim, ReturnsTheGuaranteeOfAnInnerNodeToThoseBelowIt) {
  Tenants at(
      {of_one_class("north", {.guaranteed = 4}), of_one_class("n1", {.borrowing = 4}, "north"),
       of_one_class("south", {.borrowing = 8}), of_one_class("s1", {.borrowing = 8}, "south")},
      8);
  at.runs("s1", 4);
  const size_t later = at.runs("s1", 4);
  EXPECT_EQ(at.plan("n1", 4), Plan{later});
}

TEST(Reclaim, TakesFromWhoBorrowedFromAfarBeforeNearKin) {
  Tenants at(
      {of_one_class("north", {.guaranteed = 2}), of_one_class("n1", {.guaranteed = 2}, "north"),
       of_one_class("n2", {.guaranteed = 2, .borrowing = 4}, "north"),
       of_one_class("south", {.borrowing = 8}), of_one_class("s1", {.borrowing = 8}, "south")},
      6);
  at.runs("n2", 2);
  const size_t kin = at.runs("n2", 2);
  const size_t from_afar = at.runs("s1", 2);
  EXPECT_EQ(at.plan("n1", 2), Plan{from_afar});
  EXPECT_EQ(at.judge("n1", 2, {kin}), ReclaimFault::Nothing) << "allowed, but not the first choice";
}

TEST(Reclaim, TakesFromTheLargestShareAboveFairThenTheLeastLostWork) {
  Tenants at(
      {of_one_class("blue", {.guaranteed = 2}), of_one_class("green", {.borrowing = 8}, "", 4),
       of_one_class("red", {.borrowing = 8})},
      10);
  at.runs("green", 6);
  const size_t dear = at.runs("red", 2, 500);
  const size_t cheap = at.runs("red", 2, 100);
  EXPECT_EQ(at.plan("blue", 2), Plan{cheap}) << "green has 6 / 4, red has 4";
  const auto candidates = at.reclaim_.candidates(at.ask("blue", 2));
  ASSERT_EQ(candidates.size(), 3U);
  EXPECT_EQ(candidates[1], (Reclaimable{dear, ReclaimRule::Guarantee}));
  EXPECT_EQ(at.reclaim_.reclaimable(at.ask("blue", 2)).at(*at.tree_.find({"red"})), 4);
}

TEST(Reclaim, EvensOutWhatIsBorrowedOnlyWhileTheVictimKeepsTheLargerShare) {
  Tenants at({of_one_class("blue", {.borrowing = 8}), of_one_class("green", {.borrowing = 8})}, 8);
  for (int job = 0; job < 4; ++job) at.runs("green", 2);
  EXPECT_EQ(at.plan("blue", 2), Plan{3}) << "2 against 6";
  EXPECT_EQ(at.plan("blue", 4), (Plan{3, 2})) << "4 against 4";
  EXPECT_EQ(at.plan("blue", 5), std::nullopt) << "5 against 2";
  EXPECT_EQ(at.judge("blue", 5, {0, 1, 2}), ReclaimFault::Unfair);
}

TEST(Reclaim, DoesNotShrinkAGroupThatBorrowsToShiftSharesInsideIt) {
  Tenants at({of_one_class("org", {.borrowing = 8}), of_one_class("blue", {.borrowing = 8}, "org"),
              of_one_class("green", {.borrowing = 8}, "org")},
             8);
  const size_t large = at.runs("green", 4);
  at.runs("green", 4);
  EXPECT_EQ(at.judge("blue", 1, {large}), ReclaimFault::LosesDevices)
      << "others could borrow the 3 that would be left, and org not get them back";
  EXPECT_EQ(at.plan("blue", 1), std::nullopt);
  EXPECT_EQ(at.plan("blue", 4), Plan{1});
}

TEST(Reclaim, AnEvictedTenantCannotTakeItBack) {
  Tenants at({of_one_class("blue", {.borrowing = 8}), of_one_class("green", {.borrowing = 8})}, 8);
  for (int job = 0; job < 4; ++job) at.runs("green", 2);
  const auto plan = at.plan("blue", 4);
  ASSERT_TRUE(plan);
  at.reclaim_.take(*plan);
  at.runs("blue", 4);
  EXPECT_EQ(at.plan("green", 2), std::nullopt) << "even though green's evicted work has no share";
}

TEST(Reclaim, KeepsItsHandsOffWhatMayNotBeTakenAndOffTheOwnTenant) {
  Tenants at({of_one_class("blue", {.guaranteed = 4, .borrowing = 4}),
              of_one_class("green", {.borrowing = 8})},
             8);
  const size_t own = at.runs("blue", 1);
  at.reclaim_.admit({.id = {"x"},
                     .leaf = *at.tree_.find({"green"}),
                     .devices = 7,
                     .admitted = 9,
                     .may_be_taken = false});
  EXPECT_EQ(at.plan("blue", 3), std::nullopt);
  EXPECT_EQ(at.judge("blue", 3, {1}), ReclaimFault::NotHeld);
  EXPECT_EQ(at.judge("blue", 1, {own}), ReclaimFault::OwnTenant);
}

TEST(Claim, TheOldestWorkUpToTheGuaranteeIsTheTenantsOwn) {
  Tenants at({of_one_class("org", {.guaranteed = 2}),
              of_one_class("blue", {.guaranteed = 4, .borrowing = 9}, "org")},
             9);
  const std::vector<size_t> jobs = {at.runs("blue", 3), at.runs("blue", 2), at.runs("blue", 1),
                                    at.runs("blue", 1)};
  EXPECT_EQ(at.reclaim_.claim_of(jobs[0]), 2U);
  EXPECT_EQ(at.reclaim_.claim_of(jobs[1]), 1U) << "3 + 2 are over blue's 4, but within org's 6";
  EXPECT_EQ(at.reclaim_.claim_of(jobs[2]), 2U);
  EXPECT_EQ(at.reclaim_.claim_of(jobs[3]), 0U) << "from the pool";
}

}  // namespace
}  // namespace berth::sched
