#include "sim/queue/free_devices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace berth::sim::queue {
namespace {

TEST(FreeDevices, PutsAWorkerOnTheFullestNodeThatItFitsOn) {
  FreeDevices free({3, 8});
  free.set(1, 5);
  free.set(2, 3);
  EXPECT_EQ(free.place(3), (Placement{{2, 3}}));
  EXPECT_EQ(free.place(4), (Placement{{1, 4}}));
  EXPECT_EQ(free.place(6), (Placement{{0, 6}}));
  EXPECT_EQ(free.place(8), (Placement{{0, 8}}));
}

TEST(FreeDevices, GivesAWideGangWholeNodesAndOneWorkerForTheRest) {
  FreeDevices free({3, 8});
  EXPECT_EQ(free.place(20), (Placement{{0, 8}, {1, 8}, {2, 4}}));
  free.set(0, 6);
  EXPECT_EQ(free.place(20), (Placement{{1, 8}, {2, 8}, {0, 4}}));
  EXPECT_FALSE(free.fits(24));
  EXPECT_FALSE(free.fits(23));
  EXPECT_TRUE(free.fits(22));
}

TEST(FreeDevices, NeverSplitsWhatFitsOnANode) {
  FreeDevices free({2, 8});
  free.set(0, 4);
  free.set(1, 4);
  EXPECT_FALSE(free.place(8));
  EXPECT_FALSE(free.place(5));
  EXPECT_EQ(free.total(), 8);
}

// Against a plain scan over the nodes.
class FreeDevicesProperty : public testing::TestWithParam<uint32_t> {};

TEST_P(FreeDevicesProperty, AgreesWithAScanAndWithTheMonotonyThatPoliciesRelyOn) {
  std::mt19937 random(GetParam());
  FreeDevices free({130, 8});
  for (int32_t node = 0; node < 130; ++node) {
    free.set(node, static_cast<int32_t>(random() % 5 == 0 ? 8 : random() % 4));
  }
  bool fitted = true;
  for (int64_t devices = 1; devices < 400; ++devices) {
    const auto placement = free.place(devices);
    EXPECT_EQ(placement.has_value(), free.fits(devices));
    EXPECT_TRUE(fitted || !placement) << devices;
    fitted = placement.has_value();
    if (!placement) continue;
    FreeDevices after = free;
    after.take(*placement);
    EXPECT_EQ(after.total(), free.total() - devices);
    const Worker& last = placement->back();
    for (int32_t node = 0; node < 130; ++node) {
      const bool better = free.on(node) >= last.devices && free.on(node) < free.on(last.node);
      EXPECT_FALSE(better) << devices << " on " << node;
    }
    after.give(*placement);
    EXPECT_EQ(after.place(devices), placement);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FreeDevicesProperty, testing::Range(1U, 9U));

}  // namespace
}  // namespace berth::sim::queue
