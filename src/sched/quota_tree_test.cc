#include "sched/quota_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace berth::sched {
namespace {

constexpr const char* kH200 = "nvidia-h200";

Quota quota(const std::string& name, Limit limit, const std::string& parent = "") {
  Quota made{.id = {name}, .parent = {}, .limits = {{kH200, limit}}};
  if (!parent.empty()) made.parent = QuotaId{parent};
  return made;
}

std::optional<int64_t> leaves(const QuotaTree& tree, const std::string& name, int64_t count) {
  const auto no = tree.refuses({name}, kH200, count);
  if (!no) return std::nullopt;
  return no->leaves;
}

TEST(QuotaTree, GrantsTheGuaranteeAndNothingAboveItWithoutABorrowingLimit) {
  QuotaTree tree({quota("blue", {.guaranteed = 4})}, {{kH200, 8}});
  EXPECT_EQ(leaves(tree, "blue", 4), std::nullopt);
  EXPECT_EQ(leaves(tree, "blue", 5), 4);
  tree.use({"blue"}, kH200, 3);
  EXPECT_EQ(leaves(tree, "blue", 2), 1);
}

TEST(QuotaTree, RefusesAClassThatIsNotListed) {
  QuotaTree tree({quota("blue", {.guaranteed = 4})}, {{"ascend-910b", 8}});
  EXPECT_EQ(tree.refuses({"blue"}, "ascend-910b", 1)->leaves, 0);
}

TEST(QuotaTree, RootsBorrowWhatNobodyIsGuaranteed) {
  QuotaTree tree({quota("blue", {.guaranteed = 2, .borrowing = 10})}, {{kH200, 8}});
  EXPECT_EQ(leaves(tree, "blue", 8), std::nullopt);
  EXPECT_EQ(leaves(tree, "blue", 9), 8);
  EXPECT_EQ(tree.refuses({"blue"}, kH200, 9)->at, QuotaId{}) << "the pool decides";
}

TEST(QuotaTree, SiblingsBorrowWhatIsIdleUpToTheirLimit) {
  QuotaTree tree({quota("org", {}), quota("blue", {.guaranteed = 4, .borrowing = 2}, "org"),
                  quota("green", {.guaranteed = 4}, "org")},
                 {{kH200, 8}});
  tree.use({"blue"}, kH200, 6);
  EXPECT_EQ(tree.borrowed({"blue"}, kH200), 2);
  EXPECT_EQ(tree.lent({"green"}, kH200), 2);
  EXPECT_EQ(tree.used({"org"}, kH200), 6);
  EXPECT_EQ(leaves(tree, "blue", 1), 0);
}

TEST(QuotaTree, SaysWhenTheOwnGuaranteeIsLentOut) {
  QuotaTree tree({quota("org", {}), quota("blue", {.guaranteed = 4, .borrowing = 4}, "org"),
                  quota("green", {.guaranteed = 4}, "org")},
                 {{kH200, 8}});
  tree.use({"blue"}, kH200, 7);
  const auto no = tree.refuses({"green"}, kH200, 3);
  ASSERT_TRUE(no);
  EXPECT_EQ(no->leaves, 1);
  EXPECT_TRUE(no->lent_out);
}

TEST(QuotaTree, KeepsWhatIsNotLendable) {
  QuotaTree tree({quota("org", {}), quota("blue", {.borrowing = 8}, "org"),
                  quota("green", {.guaranteed = 4, .lending = 1}, "org")},
                 {{kH200, 4}});
  EXPECT_EQ(leaves(tree, "blue", 2), 1);
  tree.use({"blue"}, kH200, 1);
  EXPECT_EQ(leaves(tree, "green", 3), std::nullopt);
}

TEST(QuotaTree, AParentsBorrowingLimitBindsItsChildren) {
  QuotaTree tree({quota("org", {.borrowing = 1}), quota("blue", {.borrowing = 8}, "org")},
                 {{kH200, 8}});
  const auto no = tree.refuses({"blue"}, kH200, 2);
  ASSERT_TRUE(no);
  EXPECT_EQ(no->at, QuotaId{"org"});
  EXPECT_EQ(no->leaves, 1);
}

TEST(QuotaTree, LeavesOutCyclesAndMissingParentsButKeepsTheRest) {
  QuotaTree tree({quota("a", {}, "b"), quota("b", {}, "a"), quota("c", {}, "nowhere"),
                  quota("fine", {.guaranteed = 1})},
                 {{kH200, 1}});
  EXPECT_EQ(tree.broken(), (std::vector<QuotaId>{{"a"}, {"b"}, {"c"}}));
  EXPECT_EQ(leaves(tree, "fine", 1), std::nullopt);
  EXPECT_EQ(leaves(tree, "a", 1), 0);
}

// Random trees of three levels, random admissions that the tree itself allows.
class RandomTree : public testing::TestWithParam<unsigned> {
 protected:
  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  Limit limit() {
    Limit made{.guaranteed = pick(6), .borrowing = pick(6)};
    if (pick(2) == 0) made.lending = pick(6);
    return made;
  }
  std::vector<Quota> quotas() {
    std::vector<Quota> all;
    for (int root = 0; root < 2; ++root) {
      const std::string top = "r" + std::to_string(root);
      all.push_back(quota(top, limit()));
      for (int leaf = 0; leaf < 3; ++leaf) {
        leaves_.push_back({top + "l" + std::to_string(leaf)});
        all.push_back(quota(leaves_.back().name, limit(), top));
      }
    }
    return all;
  }
  std::mt19937 random_{GetParam()};
  std::vector<QuotaId> leaves_;
};

TEST_P(RandomTree, NeverGrantsMoreThanLimitsAndPoolAndSumsAgree) {
  const std::vector<Quota> all = quotas();
  const int64_t capacity = 40;
  QuotaTree tree(all, {{kH200, capacity}});
  for (int step = 0; step < 60; ++step) {
    const QuotaId leaf = leaves_[static_cast<size_t>(pick(6))];
    const int64_t count = 1 + pick(3);
    const auto no = tree.refuses(leaf, kH200, count);
    if (!no) {
      tree.use(leaf, kH200, count);
    } else if (no->leaves > 0) {
      EXPECT_FALSE(tree.refuses(leaf, kH200, no->leaves)) << "what it leaves, it grants";
    }
  }
  int64_t total = 0;
  for (const Quota& q : all) {
    const Limit limit = q.limits.at(kH200);
    EXPECT_LE(tree.used(q.id, kH200), tree.guaranteed_below(q.id, kH200) + limit.borrowing);
    if (!q.parent) total += tree.used(q.id, kH200);
    int64_t children = 0;
    for (const Quota& c : all) {
      if (c.parent == q.id) children += tree.used(c.id, kH200);
    }
    if (!q.parent) {
      EXPECT_EQ(tree.used(q.id, kH200), children);
    }
  }
  EXPECT_LE(total, capacity);
}

TEST_P(RandomTree, ByIndexItSaysWhatItSaysByName) {
  const std::vector<Quota> all = quotas();
  QuotaTree tree(all, {{kH200, 40}});
  const QuotaTree::Class of = *tree.find_class(kH200);
  for (int step = 0; step < 40; ++step) {
    const QuotaId leaf = leaves_[static_cast<size_t>(pick(6))];
    const QuotaTree::Node node = *tree.find(leaf);
    EXPECT_EQ(tree.id(node), leaf);
    const int64_t count = 1 + pick(4);
    const auto no = tree.refuses(leaf, kH200, count);
    const QuotaTree::Available left = tree.available(node, of);
    EXPECT_EQ(no.has_value(), left.devices < count);
    if (no) {
      EXPECT_EQ(no->leaves, std::max<int64_t>(0, left.devices));
      EXPECT_EQ(no->at, left.at == tree.pool() ? QuotaId{} : tree.id(left.at));
    } else {
      tree.use(node, of, count);
    }
    EXPECT_EQ(tree.used(leaf, kH200), tree.used(node, of));
  }
}

TEST_P(RandomTree, WhatWasTriedIsUndoneInAnyOrder) {
  QuotaTree tree(quotas(), {{kH200, 40}});
  std::vector<std::pair<QuotaId, int64_t>> tried;
  for (int step = 0; step < 20; ++step) {
    tried.emplace_back(leaves_[static_cast<size_t>(pick(6))], 1 + pick(9));
    tree.use(tried.back().first, kH200, tried.back().second);
  }
  std::shuffle(tried.begin(), tried.end(), random_);
  for (const auto& [leaf, count] : tried) tree.use(leaf, kH200, -count);
  const QuotaTree empty = tree.without_use();
  for (QuotaTree::Node node = 0; node < tree.nodes(); ++node) {
    EXPECT_EQ(tree.usage(node, 0), empty.usage(node, 0));
    EXPECT_EQ(tree.used(node, 0), 0);
    EXPECT_EQ(tree.bubbles(node, 0, 5), std::max<int64_t>(0, 5 - tree.local(node, 0)));
  }
}

TEST(QuotaTree, FindsWhereTwoPathsMeet) {
  const QuotaTree tree({quota("a", {}), quota("b", {}), quota("a1", {}, "a"), quota("a2", {}, "a"),
                        quota("a2x", {}, "a2")},
                       {});
  const auto node = [&](const char* name) { return *tree.find({name}); };
  EXPECT_EQ(tree.meet(node("a1"), node("a2x")), node("a"));
  EXPECT_EQ(tree.meet(node("a2"), node("a2x")), node("a2"));
  EXPECT_EQ(tree.meet(node("b"), node("a2x")), tree.pool());
  EXPECT_EQ(tree.depth(node("a2x")), 3U);
  EXPECT_EQ(tree.ancestor(node("a2x"), 1), node("a"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTree, testing::Range(0U, 200U));

}  // namespace
}  // namespace berth::sched
