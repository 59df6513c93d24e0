#include "sim/openb/node_pattern.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace berth::sim {
namespace {

PatternItem share(int steps, int cpu, double value) {
  return {.devices = 1, .share_steps = steps, .cpu_steps = cpu, .value = value};
}
PatternItem whole(int devices, int cpu, double value) {
  return {.devices = devices, .cpu_steps = cpu, .value = value};
}
PatternRoom room(int devices, int cpu) {
  return {.devices = devices, .steps_per_device = 10, .cpu_steps = cpu};
}

TEST(NodePattern, FillsADeviceWithSharesThatMakeAWhole) {
  const NodePattern pattern = best_pattern({share(7, 0, 7), share(5, 0, 5)}, room(2, 0));
  EXPECT_EQ(pattern.value, 20);
  EXPECT_EQ(pattern.counts, (std::vector<int>{0, 4}));
}

TEST(NodePattern, NeverSplitsAShareOverDevices) {
  const NodePattern pattern = best_pattern({share(6, 0, 6)}, room(3, 0));
  EXPECT_EQ(pattern.counts, (std::vector<int>{3}));
}

TEST(NodePattern, GivesWholeDevicesToOnePodOnly) {
  const NodePattern pattern = best_pattern({whole(2, 0, 25), share(1, 0, 1)}, room(3, 0));
  EXPECT_EQ(pattern.value, 35);
  EXPECT_EQ(pattern.counts, (std::vector<int>{1, 10}));
}

TEST(NodePattern, StopsWhereTheNodeHasNoMoreCpu) {
  const NodePattern pattern = best_pattern({whole(1, 3, 10), whole(1, 1, 6)}, room(4, 7));
  EXPECT_EQ(pattern.value, 10 + 6 * 3);
  EXPECT_EQ(pattern.counts, (std::vector<int>{1, 3}));
}

TEST(NodePattern, LeavesOutWhatIsWorthNothingOrTooBig) {
  const NodePattern pattern =
      best_pattern({share(2, 0, 0), share(2, 0, -3), whole(3, 0, 9), whole(1, 9, 9)}, room(2, 8));
  EXPECT_EQ(pattern.value, 0);
  EXPECT_EQ(pattern.counts, (std::vector<int>{0, 0, 0, 0}));
}

// Tries everything: the devices' free steps and the CPU left, item by item.
double try_all(const std::vector<PatternItem>& items, size_t next, std::vector<int> free, int cpu) {
  if (next == items.size()) return 0;
  const PatternItem& item = items[next];
  double best = try_all(items, next + 1, free, cpu);
  if (item.cpu_steps > cpu || item.value <= 0) return best;
  if (item.share_steps > 0) {
    for (size_t device = 0; device < free.size(); ++device) {
      if (free[device] < item.share_steps) continue;
      std::vector<int> left = free;
      left[device] -= item.share_steps;
      best = std::max(best, item.value + try_all(items, next, left, cpu - item.cpu_steps));
    }
    return best;
  }
  int missing = item.devices;
  for (int& steps : free) {
    if (missing > 0 && steps == 10) {
      steps = 0;
      --missing;
    }
  }
  if (missing > 0) return best;
  return std::max(best, item.value + try_all(items, next, free, cpu - item.cpu_steps));
}

class RandomPatterns : public testing::TestWithParam<unsigned> {};

TEST_P(RandomPatterns, AreWorthWhatTryingEverythingFinds) {
  std::mt19937 random(GetParam());
  const auto number = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  std::vector<PatternItem> items;
  for (int i = 0; i < 4; ++i) {
    items.push_back(number(0, 1) == 0 ? share(number(3, 9), number(0, 3), number(-1, 9))
                                      : whole(number(1, 3), number(0, 4), number(1, 25)));
  }
  const PatternRoom node = room(number(1, 3), number(0, 12));
  const NodePattern pattern = best_pattern(items, node);
  const std::vector<int> idle(size_t(node.devices), 10);
  EXPECT_EQ(pattern.value, try_all(items, 0, idle, node.cpu_steps));
  double value = 0;
  int cpu = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    value += pattern.counts[i] * items[i].value;
    cpu += pattern.counts[i] * items[i].cpu_steps;
  }
  EXPECT_EQ(value, pattern.value);
  EXPECT_LE(cpu, node.cpu_steps);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPatterns, testing::Range(1U, 61U));

}  // namespace
}  // namespace berth::sim
