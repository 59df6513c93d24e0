#include "pricing/scarcity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace berth::pricing {
namespace {

Demand work(int64_t weight, std::vector<std::string> types = {}, int devices = 1) {
  return {.weight = weight, .devices = devices, .types = std::move(types)};
}
Supply devices(const std::string& type, int64_t free, int per_node = 8) {
  return {.type = type, .free_milli = free * 1000, .devices_per_node_max = per_node};
}
std::vector<int64_t> prices(const std::vector<Demand>& mix, const std::vector<Supply>& supply,
                            const ScarcityOptions& options = {.growth_percent_max = 300,
                                                              .milli_per_device_max = 500}) {
  const Result<std::vector<TypePrice>> result = scarcity_prices(mix, supply, options);
  EXPECT_TRUE(result);
  std::vector<int64_t> values;
  if (result) {
    for (const TypePrice& price : *result) values.push_back(price.milli_per_device);
  }
  return values;
}

TEST(ScarcityPrices, AreHighestForTheTypeThatConstrainedWorkWouldUseUp) {
  // 40 of 100 devices wanted of 20 that are there: scarce from half that demand on, of three times.
  EXPECT_EQ(prices({work(60), work(40, {"t4"})}, {devices("g2", 80), devices("t4", 20)}),
            (std::vector<int64_t>{0, 425}));
}

TEST(ScarcityPrices, RiseBeforeTheTypeIsShort) {
  const std::vector<Supply> supply{devices("g2", 80), devices("t4", 20)};
  int64_t last = -1;
  for (const int64_t percent : {5, 10, 15, 20, 30, 60}) {
    const int64_t price = prices({work(100 - percent), work(percent, {"t4"})}, supply)[1];
    EXPECT_GE(price, last);
    last = price;
  }
  EXPECT_EQ(prices({work(93), work(7, {"t4"})}, supply)[1], 25);
  EXPECT_EQ(prices({work(95), work(5, {"t4"})}, supply)[1], 0);
}

TEST(ScarcityPrices, AreZeroWhereAnyTypeWillDo) {
  EXPECT_EQ(prices({work(10), work(3, {"b", "a"})}, {devices("a", 5), devices("b", 5)}),
            (std::vector<int64_t>{0, 0}));
}

TEST(ScarcityPrices, AreZeroWithoutDemand) {
  const std::vector<Supply> supply{devices("a", 5), devices("b", 5)};
  EXPECT_EQ(prices({}, supply), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(prices({work(0, {"a"})}, supply), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(prices({work(9, {"a"})}, supply, {.demand_percent = 0}), (std::vector<int64_t>{0, 0}));
}

TEST(ScarcityPrices, AreTheSameForTypesThatStandInForEachOther) {
  const std::vector<int64_t> got = prices({work(50), work(50, {"a", "b"})},
                                          {devices("a", 10), devices("b", 20), devices("c", 70)});
  EXPECT_EQ(got[0], got[1]);
  EXPECT_GT(got[0], 0);
  EXPECT_EQ(got[2], 0);
}

TEST(ScarcityPrices, CountWorkThatOnlyBigNodesCanHold) {
  const std::vector<int64_t> got =
      prices({work(50), work(10, {}, 8)}, {devices("big", 40, 8), devices("small", 60, 2)});
  EXPECT_GT(got[0], 0);
  EXPECT_EQ(got[1], 0);
}

TEST(ScarcityPrices, FollowScarcityNotAbsoluteSize) {
  const std::vector<Demand> mix{work(70), work(10, {"a"}), work(20, {"b"})};
  const std::vector<int64_t> got =
      prices(mix, {devices("a", 10), devices("b", 10), devices("c", 80)});
  EXPECT_LT(got[0], got[1]);
  EXPECT_LT(got[2], got[0]);
}

TEST(ScarcityPrices, TakeAnExactFitAsEnough) {
  // Growth 200 % of 10 is exactly the 20 that are free: scarce at the one step above only.
  EXPECT_EQ(prices({work(90), work(10, {"a"})}, {devices("a", 20), devices("b", 80)},
                   {.growth_percent_max = 300, .steps = 3, .milli_per_device_max = 500})[0],
            166);
}

TEST(ScarcityPrices, ReachTheHighestPriceWhereATypeIsScarceAtEverySize) {
  EXPECT_EQ(prices({work(1, {"a"})}, {devices("a", 0), devices("b", 90)}),
            (std::vector<int64_t>{500, 0}));
}

TEST(ScarcityPrices, LeaveTypesAloneThatAreNotThere) {
  EXPECT_EQ(prices({work(9, {"gone"})}, {devices("a", 5), devices("b", 5)}),
            (std::vector<int64_t>{0, 0}));
  EXPECT_TRUE(prices({work(9)}, {}).empty());
}

TEST(ScarcityPrices, StayInRangeWhereNothingIsFree) {
  for (const int64_t price : prices({work(1, {"a"})}, {devices("a", 0), devices("b", 0)})) {
    EXPECT_GE(price, 0);
    EXPECT_LE(price, 500);
  }
}

TEST(ScarcityPrices, RefuseWhatIsNoMixAndNoSupply) {
  const std::vector<Supply> twice{devices("a", 1), devices("a", 1)};
  EXPECT_FALSE(scarcity_prices({}, twice));
  EXPECT_FALSE(scarcity_prices({}, std::vector{devices("a", -1)}));
  EXPECT_FALSE(scarcity_prices(std::vector{work(-1)}, {}));
  EXPECT_FALSE(scarcity_prices({}, {}, {.steps = 0}));
}

class RandomMixes : public testing::TestWithParam<unsigned> {};

// Small round numbers, so that ties are common.
TEST_P(RandomMixes, HaveTheSamePricesInWhateverOrderTheyAreGiven) {
  std::mt19937 random(GetParam());
  const auto number = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  std::vector<Supply> supply;
  for (const char* type : {"a", "b", "c", "d", "e"}) supply.push_back(devices(type, number(0, 3)));
  std::vector<Demand> mix;
  for (int i = 0; i < 8; ++i) {
    Demand demand = work(number(1, 3));
    for (const Supply& each : supply) {
      if (number(0, 2) == 0) demand.types.push_back(each.type);
    }
    mix.push_back(demand);
  }
  Result<std::vector<TypePrice>> want = scarcity_prices(mix, supply);
  ASSERT_TRUE(want);
  const auto by_type = [](const TypePrice& a, const TypePrice& b) { return a.type < b.type; };
  for (int round = 0; round < 5; ++round) {
    std::shuffle(mix.begin(), mix.end(), random);
    std::shuffle(supply.begin(), supply.end(), random);
    Result<std::vector<TypePrice>> got = scarcity_prices(mix, supply);
    ASSERT_TRUE(got);
    std::sort(got->begin(), got->end(), by_type);
    EXPECT_EQ(*got, *want);
    for (const TypePrice& price : *got) {
      EXPECT_GE(price.milli_per_device, 0);
      EXPECT_LE(price.milli_per_device, ScarcityOptions{}.milli_per_device_max);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomMixes, testing::Range(1U, 101U));

}  // namespace
}  // namespace berth::pricing
