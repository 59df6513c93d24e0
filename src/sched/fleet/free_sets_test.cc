#include "sched/fleet/free_sets.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace berth::sched {
namespace {

std::vector<std::vector<DeviceState>> lefts(FreeSets& sets, FreeSetId set, const Need& need) {
  std::vector<std::vector<DeviceState>> all;
  for (const FreeSetId after : sets.options(set, sets.need(need))) {
    all.push_back(sets.devices(after));
  }
  return all;
}

TEST(FreeSets, KnowsAMultisetByOneNumberWhateverTheOrderOfItsDevices) {
  FreeSets sets;
  EXPECT_EQ(sets.intern(0, {1000, 0, 300}), sets.intern(0, {300, 1000}));
  EXPECT_EQ(sets.intern(0, {0, 0}), 0U);
  EXPECT_EQ(sets.milli(sets.intern(0, {300, 1000})), 1300);
}

TEST(FreeSets, TakesWholeDevicesOnlyFromDevicesThatAreWhollyFree) {
  FreeSets sets;
  const FreeSetId set = sets.intern(0, {1000, 1000, 999});
  EXPECT_EQ(lefts(sets, set, {.devices = 2}), (std::vector<std::vector<DeviceState>>{{999}}));
  EXPECT_TRUE(lefts(sets, set, {.devices = 3}).empty());
}

TEST(FreeSets, OffersEachDifferentWayToTakeAShareOnce) {
  FreeSets sets;
  const FreeSetId set = sets.intern(0, {500, 500, 700});
  EXPECT_EQ(lefts(sets, set, {1, 300}),
            (std::vector<std::vector<DeviceState>>{{200, 500, 700}, {400, 500, 500}}));
  EXPECT_EQ(lefts(sets, set, {1, 600}), (std::vector<std::vector<DeviceState>>{{100, 500, 500}}));
  EXPECT_TRUE(lefts(sets, set, {1, 701}).empty());
}

TEST(FreeSets, SeveralSharesMayLieOnOneDeviceOrOnSeveral) {
  FreeSets sets;
  const FreeSetId set = sets.intern(0, {400, 600});
  EXPECT_EQ(lefts(sets, set, {2, 300}), (std::vector<std::vector<DeviceState>>{{100, 300}, {400}}));
  EXPECT_TRUE(sets.fits(set, sets.need({3, 300})));
  EXPECT_FALSE(sets.fits(set, sets.need({4, 300})));
}

TEST(FreeSets, WorkWithoutDevicesLeavesThemAsTheyAre) {
  FreeSets sets;
  const FreeSetId set = sets.intern(0, {400});
  EXPECT_EQ(lefts(sets, set, {}), (std::vector<std::vector<DeviceState>>{{400}}));
}

// An H100 in MIG mode: eight memory slots, of which the last holds no 1g.
SliceTable h100() {
  return {.slots = 8,
          .profiles = {{.slots = 1, .starts = 0b0111'1111},    // 1g.10gb
                       {.slots = 2, .starts = 0b0001'0101},    // 2g.20gb
                       {.slots = 4, .starts = 0b0001'0001},    // 3g.40gb
                       {.slots = 8, .starts = 0b0000'0001}}};  // 7g.80gb
}

TEST(FreeSets, ASliceStartsOnlyWhereItsProfileMay) {
  FreeSets sets;
  const uint32_t cut = sets.cut(h100());
  EXPECT_EQ(sets.cut(h100()), cut);
  // Slots 2 to 5 are free: four in a row, but none of them is a start of 3g.40gb.
  const FreeSetId set = sets.intern(cut, {0b0011'1100});
  EXPECT_FALSE(sets.fits(set, sets.need({1, 500, 2})));
  EXPECT_EQ(lefts(sets, set, {1, 250, 1}),
            (std::vector<std::vector<DeviceState>>{{0b0011'0000}, {0b0000'1100}}));
  EXPECT_EQ(sets.stranded(set, sets.need({1, 500, 2})), 500) << "a run that nobody can start in";
}

TEST(FreeSets, DevicesCutIntoSlicesGiveNoThousandths) {
  FreeSets sets;
  const FreeSetId set = sets.intern(sets.cut(h100()), {0b1111'1111});
  EXPECT_FALSE(sets.fits(set, sets.need({1, 100})));
  EXPECT_TRUE(sets.fits(set, sets.need({1})));
  EXPECT_FALSE(sets.fits(set, sets.need({1, 100, 9}))) << "a profile that the table lacks";
}

TEST(FreeSets, StrandedIsWhatDevicesTooSmallForTheWorkHaveFree) {
  FreeSets sets;
  const FreeSetId set = sets.intern(0, {190, 530, 1000});
  EXPECT_EQ(sets.stranded(set, sets.need({1, 470})), 190);
  EXPECT_EQ(sets.stranded(set, sets.need({1})), 720);
  EXPECT_EQ(sets.stranded(set, sets.need({2})), 1720) << "does not fit at all";
  EXPECT_EQ(sets.stranded(set, sets.need({})), 1720) << "work without devices uses none";
}

class RandomSet : public testing::TestWithParam<unsigned> {};

TEST_P(RandomSet, StepsLeadToTheOptionThatTheyAreOf) {
  std::mt19937 random{GetParam()};
  FreeSets sets;
  const uint32_t cut = random() % 2 == 0 ? 0 : sets.cut(h100());
  std::vector<DeviceState> devices;
  for (int i = 0; i < 4; ++i) {
    devices.push_back(static_cast<DeviceState>(random() % (cut == 0 ? 1001 : 256)));
  }
  const FreeSetId set = sets.intern(cut, devices);
  const Need need{static_cast<int32_t>(1 + random() % 3), static_cast<int32_t>(50 + random() % 500),
                  cut == 0 ? -1 : static_cast<int32_t>(random() % 4)};
  const uint32_t id = sets.need(need);
  const std::span<const FreeSetId> found = sets.options(set, id);
  const std::vector<FreeSetId> options(found.begin(), found.end());
  EXPECT_EQ(!options.empty(), sets.fits(set, id));
  for (size_t i = 0; i < options.size(); ++i) {
    std::vector<DeviceState> left = sets.devices(set);
    for (const auto& [from, to] : sets.steps(set, id, i)) {
      const auto at = std::find(left.begin(), left.end(), from);
      ASSERT_NE(at, left.end());
      *at = to;
    }
    EXPECT_EQ(sets.intern(cut, left), options[i]);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomSet, testing::Range(0U, 200U));

}  // namespace
}  // namespace berth::sched
