#include "api/quota.h"

#include <gtest/gtest.h>

// The twins of the rules at the root of Quota. tests/cluster compares them with the CEL text on a
// real API server.
namespace berth::api {
namespace {

Quota leaf(int64_t used) {
  Quota quota;
  quota.spec = {.namespaces = {"blue"},
                .limits = {{.device_class = "nvidia-h200", .guaranteed = 8, .borrowing_limit = 4}}};
  quota.status.limits = {{.device_class = "nvidia-h200", .used = used}};
  return quota;
}

Quota parent(int64_t used, int64_t subtree) {
  Quota quota = leaf(used);
  quota.spec.namespaces.clear();
  quota.status.limits[0].subtree_guaranteed = subtree;
  return quota;
}

TEST(UsedOfALeaf, MayGrowToGuaranteedAndBorrowingLimit) {
  EXPECT_TRUE(keeps_use_within_limits(leaf(12), leaf(0)));
  EXPECT_FALSE(keeps_use_within_limits(leaf(13), leaf(12)));
}

TEST(UsedOfALeaf, IsNotHelpedByASubtree) {
  Quota now = leaf(13);
  now.status.limits[0].subtree_guaranteed = 100;
  EXPECT_FALSE(keeps_use_within_limits(now, leaf(12)));
}

TEST(UsedOfALeaf, MayOnlyShrinkOnceTheLimitIsBelowIt) {
  Quota lowered = leaf(12);
  lowered.spec.limits[0].guaranteed = 2;
  EXPECT_TRUE(keeps_use_within_limits(lowered, leaf(12)));
  Quota now = lowered;
  now.status.limits[0].used = 11;
  EXPECT_TRUE(keeps_use_within_limits(now, lowered));
  now.status.limits[0].used = 13;
  EXPECT_FALSE(keeps_use_within_limits(now, lowered));
}

TEST(UsedOfALeaf, MayOnlyShrinkOnceItsClassIsDropped) {
  Quota old = leaf(5);
  old.spec.limits.clear();
  Quota now = old;
  EXPECT_TRUE(keeps_use_within_limits(now, old));
  now.status.limits[0].used = 6;
  EXPECT_FALSE(keeps_use_within_limits(now, old));
  now.status.limits[0].used = 0;
  EXPECT_TRUE(keeps_use_within_limits(now, old));
}

TEST(UsedOfALeaf, IsJudgedPerClass) {
  Quota now = leaf(0);
  now.status.limits.push_back({.device_class = "nvidia-l4", .used = 1});
  EXPECT_FALSE(keeps_use_within_limits(now, leaf(0)));
}

TEST(UsedOfAParent, MayCarryTheGuaranteesOfItsSubtreeAndWhatItBorrows) {
  EXPECT_TRUE(keeps_use_within_limits(parent(24, 20), parent(0, 0)));
  EXPECT_FALSE(keeps_use_within_limits(parent(25, 20), parent(0, 0)));
  EXPECT_TRUE(keeps_use_within_limits(parent(12, 0), parent(0, 0))) << "its own, before the sum";
}

TEST(UsedOfAParent, CountsClassesThatOnlyTheQuotasBelowHave) {
  Quota now = parent(4, 4);
  now.spec.limits.clear();
  EXPECT_TRUE(keeps_use_within_limits(now, parent(0, 0)));
  now.status.limits[0].used = 5;
  EXPECT_FALSE(keeps_use_within_limits(now, parent(0, 0)));
}

TEST(Epoch, NeverShrinks) {
  Quota old;
  old.status.epoch = 7;
  Quota now = old;
  EXPECT_TRUE(keeps_epoch(now, old));
  now.status.epoch = 8;
  EXPECT_TRUE(keeps_epoch(now, old));
  now.status = {};
  EXPECT_FALSE(keeps_epoch(now, old));
}

TEST(Parent, ChangesOnlyWhileNothingIsUsed) {
  Quota old = leaf(1);
  Quota now = old;
  EXPECT_TRUE(moves_only_while_unused(now, old));
  now.spec.parent = "acme";
  EXPECT_FALSE(moves_only_while_unused(now, old));
  old.status.limits[0].used = 0;
  EXPECT_TRUE(moves_only_while_unused(now, old));
}

TEST(QuotaSummary, SaysUsePerClassOnOneLine) {
  Quota quota = leaf(9);
  quota.status.limits[0].borrowed = 1;
  quota.status.limits.push_back({.device_class = "nvidia-l4", .used = 3, .subtree_guaranteed = 6});
  EXPECT_EQ(summary_of(quota.spec, quota.status), "nvidia-h200 9/8 (1 borrowed), nvidia-l4 3/6");
  EXPECT_EQ(summary_of({}, {}), "");
}

}  // namespace
}  // namespace berth::api
