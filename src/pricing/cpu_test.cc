#include "pricing/cpu.h"

#include <gtest/gtest.h>

namespace berth::pricing {
namespace {

Demand cpu_work(int64_t cores, int devices, int64_t weight = 1) {
  return {.weight = weight, .devices = devices, .types = {}, .cpu_milli = cores * 1000};
}
NodeCpu nodes(int64_t cores, int64_t devices) {
  return {.type = "a", .cpu_milli = cores * 1000, .device_milli = devices * 1000};
}
int64_t price(const std::vector<Demand>& mix, const NodeCpu& of) {
  const auto made = cpu_prices(mix, std::vector{of}, {.micro_per_core_max = 1000});
  EXPECT_TRUE(made);
  return made ? made->front().micro_per_core : -1;
}

TEST(CpuPrices, RiseWithWhatTheMixAsksForBeyondWhatIsBesideADevice) {
  EXPECT_EQ(price({cpu_work(12, 1)}, nodes(96, 8)), 0);
  EXPECT_EQ(price({cpu_work(15, 1)}, nodes(96, 8)), 250);
  EXPECT_EQ(price({cpu_work(24, 1)}, nodes(96, 8)), 1000);
  EXPECT_EQ(price({cpu_work(99, 1)}, nodes(96, 8)), 1000);
}

TEST(CpuPrices, CountWorkWithoutDevices) {
  EXPECT_EQ(price({cpu_work(12, 1)}, nodes(12, 1)), 0);
  EXPECT_EQ(price({cpu_work(12, 1), cpu_work(6, 0)}, nodes(12, 1)), 500);
  EXPECT_EQ(price({cpu_work(12, 1, 3), cpu_work(6, 0)}, nodes(12, 1)), 167);
}

TEST(CpuPrices, AreNothingWithoutWorkAndTheHighestWithoutCpu) {
  EXPECT_EQ(price({}, nodes(96, 8)), 0);
  EXPECT_EQ(price({cpu_work(1, 1)}, nodes(0, 8)), 1000);
  EXPECT_EQ(price({cpu_work(1, 1)}, nodes(8, 0)), 0);
}

TEST(CpuPrices, RefuseLessThanNothing) {
  EXPECT_FALSE(cpu_prices(std::vector{cpu_work(-1, 1)}, {}));
  EXPECT_FALSE(cpu_prices(std::vector{cpu_work(1, -1)}, {}));
  EXPECT_FALSE(cpu_prices({}, std::vector{nodes(-1, 1)}));
}

}  // namespace
}  // namespace berth::pricing
