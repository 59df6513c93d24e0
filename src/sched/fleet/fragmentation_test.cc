#include "sched/fleet/fragmentation.h"

#include <gtest/gtest.h>

#include <random>

namespace berth::sched {
namespace {

TEST(Fragmentation, IsWhatWorkOfTheMixCannotUse) {
  FreeSets sets;
  Fragmentation expected(sets, {.mix = {{.need = {1, 500}, .cpu_milli = 1'000, .weight = 1},
                                        {.need = {1}, .cpu_milli = 4'000, .weight = 1}}});
  const uint32_t any = expected.signature("x");
  const FreeSetId set = sets.intern(0, {600, 1'000});
  const auto milli = [&](int64_t cpu) {
    return (expected.expected(any, expected.rank(cpu), set) + Fragmentation::kScale / 2) /
           Fragmentation::kScale;
  };
  EXPECT_EQ(milli(4'000), 300) << "half of the work strands the 600";
  EXPECT_EQ(milli(3'999), 800) << "half of the work lacks CPU for any of it";
  EXPECT_EQ(milli(0), 1'600);
}

TEST(Fragmentation, WorkThatMayNotRunOnAClassCanUseNothingOfIt) {
  FreeSets sets;
  Fragmentation expected(sets, {.mix = {{.need = {1}, .classes = {"h200"}}}});
  const FreeSetId set = sets.intern(0, {1'000});
  EXPECT_EQ(expected.expected(expected.signature("h200"), expected.rank(0), set), 0);
  EXPECT_EQ(expected.expected(expected.signature("l4"), expected.rank(0), set),
            1'000 * Fragmentation::kScale);
  EXPECT_NE(expected.signature("h200"), expected.signature("l4"));
  EXPECT_EQ(expected.signature("a10"), expected.signature("l4")) << "alike for the mix";
}

TEST(Fragmentation, WithoutAMixNothingIsKnownToBeOfUse) {
  FreeSets sets;
  Fragmentation expected(sets, {});
  EXPECT_EQ(expected.expected(expected.signature("x"), 0, sets.intern(0, {400})),
            400 * Fragmentation::kScale);
}

class RandomMix : public testing::TestWithParam<unsigned> {};

TEST_P(RandomMix, EqualsTheSumOverAllClassesOneByOne) {
  std::mt19937 random{GetParam()};
  FreeSets sets;
  Outlook outlook;
  for (int i = 0; i < 12; ++i) {
    outlook.mix.push_back({.need = {static_cast<int32_t>(random() % 3),
                                    static_cast<int32_t>(100 * (1 + random() % 10))},
                           .cpu_milli = 1'000 * static_cast<int64_t>(random() % 8),
                           .weight = 1 + static_cast<int64_t>(random() % 50)});
  }
  Fragmentation fast(sets, outlook);
  std::vector<DeviceState> devices;
  for (int i = 0; i < 8; ++i) devices.push_back(static_cast<DeviceState>(random() % 1'001));
  const FreeSetId set = sets.intern(0, devices);
  const int64_t cpu = 1'000 * static_cast<int64_t>(random() % 9);
  int64_t total = 0;
  int64_t lost = 0;
  for (const DemandClass& demand : outlook.mix) {
    total += demand.weight;
    const bool fits = demand.cpu_milli <= cpu;
    lost += demand.weight * (fits ? sets.stranded(set, sets.need(demand.need)) : sets.milli(set));
  }
  const double want = static_cast<double>(lost) / static_cast<double>(total);
  const double got = static_cast<double>(fast.expected(fast.signature("x"), fast.rank(cpu), set)) /
                     Fragmentation::kScale;
  EXPECT_NEAR(got, want, 3.0);  // weights are rounded to kScale in all
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomMix, testing::Range(0U, 100U));

}  // namespace
}  // namespace berth::sched
