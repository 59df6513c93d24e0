#include "sched/quota/fair_share.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "sched/quota/fair_order.h"

namespace berth::sched {
namespace {

constexpr const char* kH200 = "nvidia-h200";
constexpr const char* kL4 = "nvidia-l4";

Quota quota(const std::string& name, Limit limit, const std::string& parent = "",
            int64_t weight = 1) {
  Quota made{.id = {name}, .limits = {{kH200, limit}, {kL4, limit}}, .weight = weight};
  if (!parent.empty()) made.parent = QuotaId{parent};
  return made;
}

const std::map<DeviceClass, int64_t> kCapacity = {{kH200, 10}, {kL4, 10}};
const Limit kBorrows = {.borrowing = 10};

struct Fixture {
  explicit Fixture(const std::vector<Quota>& quotas, FairShareInputs inputs = {})
      : tree(quotas, kCapacity), fair(tree, with_capacity(std::move(inputs))) {}
  static FairShareInputs with_capacity(FairShareInputs inputs) {
    inputs.capacity = kCapacity;
    return inputs;
  }
  QuotaTree::Node node(const std::string& name) const { return *tree.find({name}); }
  FairShare::Want want(const DeviceClass& name, int64_t devices) const {
    return {*tree.find_class(name), devices};
  }
  bool before(const std::string& a, const std::string& b) const {
    return fair.goes_before(node(a), want(kH200, 1), node(b), want(kH200, 1));
  }
  QuotaTree tree;
  FairShare fair;
};

TEST(FairShare, ComparesTenantsAsTheyWouldStandAfterTheAsk) {
  Fixture at({quota("blue", kBorrows), quota("green", kBorrows)});
  at.tree.use({"blue"}, kH200, 4);
  // Green has nothing now, but would have more than blue with its large ask.
  EXPECT_TRUE(
      at.fair.goes_before(at.node("green"), at.want(kH200, 4), at.node("blue"), at.want(kH200, 1)));
  EXPECT_TRUE(
      at.fair.goes_before(at.node("blue"), at.want(kH200, 1), at.node("green"), at.want(kH200, 6)));
}

TEST(FairShare, AFairShareIsWhatTheWeightsGiveAtEachLevel) {
  Fixture at({quota("acme", kBorrows, "", 3), quota("other", kBorrows),
              quota("blue", kBorrows, "acme"), quota("green", kBorrows, "acme", 2)});
  at.tree.use({"blue"}, kH200, 5);  // of 20 devices a quarter: 3/4 x 1/3
  EXPECT_EQ(share_of_fair_basis_points(at.fair, at.node("blue")), 10'000);
  EXPECT_EQ(share_of_fair_basis_points(at.fair, at.node("acme")), 3'333);
  EXPECT_EQ(share_of_fair_basis_points(at.fair, at.node("other")), 0);
  at.tree.use({"other"}, kH200, 10);
  EXPECT_EQ(share_of_fair_basis_points(at.fair, at.node("other")), 20'000);
}

TEST(FairShare, ATenantThatWasJustEvictedDoesNotWinRightBack) {
  Fixture at({quota("blue", kBorrows), quota("green", kBorrows)});
  at.tree.use({"blue"}, kH200, 8);
  at.tree.use({"blue"}, kH200, -8);  // evicted for green, whose share is 0 as blue's is now
  EXPECT_TRUE(
      at.fair.goes_before(at.node("green"), at.want(kH200, 4), at.node("blue"), at.want(kH200, 8)));
}

TEST(FairShare, WhoStaysWithinItsGuaranteeGoesFirst) {
  Fixture at({quota("blue", {.guaranteed = 6, .borrowing = 4}), quota("green", kBorrows)});
  at.tree.use({"blue"}, kH200, 5);
  EXPECT_TRUE(at.before("blue", "green"));
  at.tree.use({"blue"}, kH200, 2);
  EXPECT_TRUE(at.before("green", "blue")) << "blue borrows 2, green would borrow 1";
}

TEST(FairShare, AWeightOfTwoBorrowsTwiceAsMuch) {
  Fixture at({quota("blue", kBorrows, "", 2), quota("green", kBorrows)});
  at.tree.use({"blue"}, kH200, 4);
  at.tree.use({"green"}, kH200, 3);
  EXPECT_TRUE(at.before("blue", "green")) << "5/2 after it, against 4/1";
}

TEST(FairShare, OneDeviceOfADearClassCountsForSeveralCheapOnes) {
  Fixture at({quota("blue", kBorrows), quota("green", kBorrows)},
             {.values = {{kH200, {.value = 5}}}});
  at.tree.use({"blue"}, kH200, 1);
  at.tree.use({"green"}, kL4, 4);
  EXPECT_TRUE(at.before("green", "blue"));
  at.tree.use({"green"}, kL4, 2);
  EXPECT_TRUE(at.before("blue", "green"));
}

TEST(FairShare, AmongKindsTheDominantOneDecides) {
  Fixture at({quota("blue", kBorrows), quota("green", kBorrows)},
             {.values = {{kH200, {.value = 1, .kind = 1}}}});
  at.tree.use({"blue"}, kH200, 3);
  at.tree.use({"blue"}, kL4, 3);
  at.tree.use({"green"}, kL4, 5);
  EXPECT_EQ(at.fair.borrowed(at.node("blue")), kWholeShare * 3 / 10);
  EXPECT_EQ(at.fair.borrowed(at.node("green")), kWholeShare * 5 / 10);
}

TEST(FairShare, IsComparedWhereTheTreeForks) {
  Fixture at({quota("north", kBorrows), quota("n1", kBorrows, "north"),
              quota("n2", kBorrows, "north"), quota("south", kBorrows),
              quota("s1", kBorrows, "south")});
  at.tree.use({"n1"}, kH200, 5);
  at.tree.use({"s1"}, kH200, 3);
  EXPECT_TRUE(at.before("n2", "n1"));
  EXPECT_TRUE(at.before("s1", "n2")) << "n2 has nothing, but the north has more than the south";
}

TEST(FairShare, WhoHeldMuchLatelyWaitsBehindWhoDidNot) {
  const FairShareInputs inputs{.lately = {{{"blue"}, {{kH200, 8'000'000}}}},
                               .history_permille = 500};
  Fixture at({quota("blue", kBorrows), quota("green", kBorrows)}, inputs);
  at.tree.use({"green"}, kH200, 3);
  EXPECT_TRUE(at.before("green", "blue")) << "8 x 0.5 + 1 after it, against 3 + 1";
  at.tree.use({"green"}, kH200, 2);
  EXPECT_TRUE(at.before("blue", "green"));
}

// Trees of three levels with random weights and use, a whole pass: the tournament that is kept up
// to date step by step against one that is held anew each time, by comparing pairs.
class FairOrderSeeds : public testing::TestWithParam<unsigned> {
 protected:
  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  std::vector<Quota> quotas() {
    std::vector<Quota> all;
    for (int top = 0; top < 3; ++top) {
      const std::string name = "q" + std::to_string(top);
      all.push_back(quota(name, {.guaranteed = pick(5), .borrowing = 50}, "", 1 + pick(3)));
      for (int below = 0; below < 3; ++below) {
        const std::string child = name + std::to_string(below);
        const Limit limit{.guaranteed = pick(5), .borrowing = 50};
        all.push_back(quota(child, limit, name, 1 + pick(3)));
        if (pick(2) == 0) all.push_back(quota(child + "x", limit, child));
      }
    }
    return all;
  }
  using Heads = std::map<QuotaTree::Node, FairShare::Want>;
  static std::optional<QuotaTree::Node> best(const Fixture& at, const Heads& heads,
                                             QuotaTree::Node node) {
    if (heads.contains(node)) return node;
    std::optional<QuotaTree::Node> first;
    for (const QuotaTree::Node child : at.tree.children(node)) {
      const auto other = best(at, heads, child);
      if (!other) continue;
      if (!first || at.fair.goes_before(*other, heads.at(*other), *first, heads.at(*first))) {
        first = other;
      }
    }
    return first;
  }
  std::mt19937 random_{GetParam()};
};

TEST_P(FairOrderSeeds, TheNextLeafIsTheOneThatWinsTheTournamentHeldAnew) {
  Fixture at(quotas(), {.values = {{kH200, {.value = 3}}}});
  FairOrder order(at.fair);
  Heads heads;
  const auto offer = [&](QuotaTree::Node leaf) {
    heads[leaf] = {static_cast<size_t>(pick(2)), 1 + pick(4)};
    order.offer(leaf, heads[leaf]);
  };
  for (QuotaTree::Node node = 0; node < at.tree.pool(); ++node) {
    if (at.tree.children(node).empty()) offer(node);
  }
  for (int step = 0; step < 200; ++step) {
    const auto next = order.next();
    ASSERT_EQ(next, best(at, heads, at.tree.pool()));
    if (!next) return;
    if (pick(3) > 0) at.tree.use(*next, heads[*next].device_class, heads[*next].devices);
    if (pick(5) > 0) {
      offer(*next);
    } else {
      heads.erase(*next);
      order.withdraw(*next);
    }
    if (pick(4) == 0 && !heads.empty()) {  // somebody else's work ends
      const QuotaTree::Node other = heads.begin()->first;
      at.tree.use(other, 0, -at.tree.used(other, 0));
      order.used(other);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FairOrderSeeds, testing::Range(0U, 60U));

}  // namespace
}  // namespace berth::sched
