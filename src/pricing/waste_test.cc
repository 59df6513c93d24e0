#include "pricing/waste.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace berth::pricing {
namespace {

Demand share(int64_t milli, int64_t weight) {
  return {.weight = weight, .devices = 1, .milli_each = milli, .types = {}};
}

std::vector<int16_t> waste(std::vector<Demand> mix, const WasteOptions& options = {}) {
  const auto made = waste_by_rest(mix, options);
  EXPECT_TRUE(made);
  return made ? *made : std::vector<int16_t>{};
}

TEST(Waste, IsWhatIsLeftWhenNothingSmallerComes) {
  const auto lost = waste({share(810, 1)}, {.demand_percent = 200});
  EXPECT_EQ(lost[190], 190);
  EXPECT_EQ(lost[809], 809);
  EXPECT_EQ(lost[810], 0);
  EXPECT_EQ(lost[1000], 190);
}

TEST(Waste, IsNothingWhereSmallWorkIsPlenty) {
  const auto lost = waste({share(800, 1), share(100, 9)});
  EXPECT_EQ(lost[200], 0);
  EXPECT_EQ(lost[100], 0);
  EXPECT_EQ(lost[50], 50);
}

TEST(Waste, OfARestIsAllOfItWhereTooLittleSmallWorkComes) {
  const auto lost = waste({share(800, 9), share(200, 1)}, {.demand_percent = 150});
  EXPECT_EQ(lost[200], 200) << "every 200 that comes finds a place beside an 800 anyway";
  EXPECT_EQ(lost[1000], 200) << "so that an 800 on a free device loses nothing more";
  EXPECT_EQ(lost[0], 0) << "and a 200 beside an 800 saves what was lost";
}

TEST(Waste, IsNoneWithoutDevicesInTheMix) {
  EXPECT_EQ(waste({}), std::vector<int16_t>(1001));
  EXPECT_EQ(waste({{.weight = 3}}), std::vector<int16_t>(1001));
}

TEST(Waste, RefusesLessThanNothing) {
  EXPECT_FALSE(waste_by_rest(std::vector{share(500, -1)}));
  EXPECT_FALSE(waste_by_rest(std::vector{share(-500, 1)}));
  EXPECT_FALSE(waste_by_rest(std::vector{share(500, 1)}, {.demand_percent = 0}));
}

class RandomMix : public testing::TestWithParam<unsigned> {};

TEST_P(RandomMix, IsWithinTheRestAndTheSameInAnyOrder) {
  std::mt19937 random(GetParam());
  const auto below = [&](unsigned n) { return static_cast<int64_t>(random() % n); };
  std::vector<Demand> mix{{.weight = 1 + below(9), .devices = 4, .milli_each = 1000}};
  for (int i = 0; i < 12; ++i) mix.push_back(share(10 + 10 * below(99), 1 + below(50)));
  const auto lost = waste(mix);
  ASSERT_EQ(lost.size(), 1001U);
  for (int rest = 0; rest <= 1000; ++rest) {
    EXPECT_GE(lost[static_cast<size_t>(rest)], 0);
    EXPECT_LE(lost[static_cast<size_t>(rest)], rest);
  }
  // What fits in less is not worth less in more.
  for (size_t rest = 1; rest <= 1000; ++rest) EXPECT_LE(lost[rest], lost[rest - 1] + 1) << rest;
  std::shuffle(mix.begin(), mix.end(), random);
  EXPECT_EQ(waste(mix), lost);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomMix, testing::Range(1U, 21U));

}  // namespace
}  // namespace berth::pricing
