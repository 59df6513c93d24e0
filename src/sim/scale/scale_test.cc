#include "sim/scale/scale.h"

#include <gtest/gtest.h>

namespace berth::sim::scale {
namespace {

Settings small() { return {.nodes = 20, .placements = 500, .asks = 30, .passes = 3}; }

TEST(Scale, PlacesAsMuchAsWasAskedAfterTheFleetWasFilled) {
  const auto report = run(small(), {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->nodes, 20);
  EXPECT_GT(report->placements, 500 + 20) << "20 nodes of 8 devices hold more than one each";
  EXPECT_EQ(run(small(), {})->placements, report->placements) << "the same seed, the same work";
}

TEST(Scale, KnowsNothingOfTimeAndMemoryWithoutThem) {
  const auto report = run(small(), {});
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->decisions_per_second);
  EXPECT_FALSE(report->pass_ms_p50);
  EXPECT_FALSE(report->rss_mib);
}

TEST(Scale, MeasuresInTheCpuTimeItIsGiven) {
  std::chrono::nanoseconds now{0};
  int64_t last = 0;
  const Outside outside{.cpu_time = [&] { return now += std::chrono::milliseconds(10); },
                        .resident_bytes = [] { return int64_t{3} << 20; },
                        .progress = [&](int64_t done, int64_t) { last = done; }};
  const auto report = run(small(), outside);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->decisions_per_second, 50'000);
  EXPECT_DOUBLE_EQ(*report->pass_ms_p50, 10);
  EXPECT_DOUBLE_EQ(*report->pass_ms_p99, 10);
  EXPECT_EQ(report->rss_mib, 3);
  EXPECT_EQ(last, 500);
}

TEST(Scale, RefusesSettingsThatCannotBe) {
  EXPECT_FALSE(run({.nodes = 0}, {}));
  EXPECT_FALSE(run({.nodes = 1, .devices_per_node = 0}, {}));
  EXPECT_FALSE(run({.nodes = 1, .fill_percent = 100}, {}));
  EXPECT_FALSE(run({.nodes = 1, .asks = 0}, {}));
}

}  // namespace
}  // namespace berth::sim::scale
