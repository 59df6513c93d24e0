#include "slo/increases.h"

#include <gtest/gtest.h>

#include "slo/recent_latency.h"

namespace berth::slo {
namespace {

using namespace std::chrono_literals;
constexpr Instant kNoon = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1} + 12h;

LatencyHistogram within(int64_t ten_ms, int64_t fifty_ms, int64_t above) {
  return {.upper_ms = {10, 50}, .counts = {ten_ms, fifty_ms, above}};
}

TEST(Increases, CountFromTheSecondLookOnAndThroughARestart) {
  Increases increases;
  EXPECT_EQ(increases.since_last("a", {1000, 10, {}}), Counted{});
  EXPECT_EQ(increases.since_last("a", {1100, 12, {}}), (Counted{100, 2, {}}));
  EXPECT_EQ(increases.since_last("b", {7, 0, {}}), Counted{});
  EXPECT_EQ(increases.since_last("a", {30, 1, {}}), (Counted{30, 1, {}}));
  increases.keep({"b"});
  EXPECT_EQ(increases.since_last("a", {90, 1, {}}), Counted{});
  EXPECT_EQ(increases.since_last("b", {8, 1, {}}), (Counted{1, 1, {}}));
}

TEST(Increases, HaveNoMoreErrorsThanRequests) {
  Increases increases;
  increases.since_last("a", {100, 0, {}});
  EXPECT_EQ(increases.since_last("a", {110, 500, {}}), (Counted{10, 10, {}}));
  EXPECT_EQ(increases.since_last("a", {5, 9, {}}), (Counted{5, 5, {}})) << "started again";
}

TEST(Increases, AHistogramThatStartsAgainLeavesTheCountersAlone) {
  Increases increases;
  increases.since_last("a", {100, 0, within(60, 30, 10)});
  EXPECT_EQ(increases.since_last("a", {110, 0, within(65, 33, 12)}).latency, within(5, 3, 2));
  // A new objective: the router counts latency by other bounds from 0.
  const LatencyHistogram other{.upper_ms = {20}, .counts = {3, 1}};
  EXPECT_EQ(increases.since_last("a", {114, 1, other}), (Counted{4, 1, other}));
}

TEST(RecentLatency, IsOfTheLastMinutes) {
  RecentLatency recent;
  recent.add(within(100, 0, 0), kNoon);
  recent.add(within(0, 7, 0), kNoon + 3min);
  EXPECT_EQ(recent.over(kNoon + 3min), within(100, 7, 0));
  EXPECT_EQ(recent.over(kNoon + 6min), within(0, 7, 0)) << "what was counted at noon is old";
  EXPECT_TRUE(recent.over(kNoon + 1h).counts.empty());
}

TEST(RecentLatency, ByOtherBoundsStartsAnew) {
  RecentLatency recent;
  recent.add(within(100, 0, 0), kNoon);
  recent.add({.upper_ms = {20}, .counts = {3, 1}}, kNoon);
  EXPECT_EQ(recent.over(kNoon).counts, (std::vector<int64_t>{3, 1}));
}

TEST(RecentLatency, LosesNothingToAClockThatIsSetBack) {
  RecentLatency recent;
  recent.add(within(1, 0, 0), kNoon);
  recent.add(within(1, 0, 0), kNoon - 10min);
  EXPECT_EQ(recent.over(kNoon), within(2, 0, 0));
}

}  // namespace
}  // namespace berth::slo
