#include "sched/core/choice.h"

#include <gtest/gtest.h>

#include <random>

#include "sched/core/testing/scene.h"
#include "sched/cpu_class.h"

namespace berth::sched {
namespace {

using std::chrono::hours;
using testing::kGpu;

constexpr const char* kSlow = "nvidia-l4";

Ask asks(std::vector<Alternative> alternatives) {
  Ask ask{.id = {"x"}, .alternatives = std::move(alternatives)};
  ask.expected = hours{4};
  return ask;
}
Outlook prices(int64_t fast, int64_t slow) {
  Outlook outlook;
  outlook.micro_usd_per_hour = {{kGpu, fast}, {kSlow, slow}};
  return outlook;
}
// The classes in the order in which they are tried.
std::string order(const Ask& ask, const Outlook& outlook = {}) {
  std::string text;
  for (const Alternative& wants : Choice(ask, outlook).sorted().alternatives) {
    text += (text.empty() ? "" : " ") + wants.device_class;
  }
  return text;
}

TEST(Choice, IsNoneWhereNoSpeedIsTold) {
  EXPECT_FALSE(Choice::is_open(asks({{kGpu, {8}}})));
  EXPECT_FALSE(Choice::is_open(asks({{kGpu, {8}}, {kSlow, {8}}})));
  EXPECT_TRUE(Choice::is_open(asks({{kGpu, {8}}, {kSlow, {8}, 50}})));
}

TEST(Choice, TheFasterOfEqualPriceIsTriedFirst) {
  EXPECT_EQ(order(asks({{kSlow, {8}}, {kGpu, {8}, 200}})), "nvidia-h200 nvidia-l4");
  EXPECT_EQ(order(asks({{kGpu, {8}}, {kSlow, {8}, 50}})), "nvidia-h200 nvidia-l4");
}

TEST(Choice, TwiceAsFastMayCostUpToThreeTimesAsMuch) {
  const Ask ask = asks({{kSlow, {8}}, {kGpu, {8}, 200}});
  EXPECT_EQ(order(ask, prices(2'990'000, 1'000'000)), "nvidia-h200 nvidia-l4");
  EXPECT_EQ(order(ask, prices(3'010'000, 1'000'000)), "nvidia-l4 nvidia-h200");
}

TEST(Choice, WhatIsScarceIsLeftToOthers) {
  const Ask ask = asks({{kGpu, {8}}, {kSlow, {8}, 90}});
  EXPECT_EQ(order(ask), "nvidia-h200 nvidia-l4");
  Outlook outlook;
  outlook.prices = {{kGpu, 700}};
  EXPECT_EQ(order(ask, outlook), "nvidia-l4 nvidia-h200");
}

TEST(Choice, FewerDevicesOfAnotherClassCostLess) {
  EXPECT_EQ(order(asks({{kSlow, {8}}, {kGpu, {2}, 100}})), "nvidia-h200 nvidia-l4");
}

TEST(Choice, WithoutAllPricesDevicesCostTheSame) {
  Outlook outlook;
  outlook.micro_usd_per_hour = {{kGpu, 90'000'000}};
  EXPECT_EQ(order(asks({{kGpu, {8}}, {kSlow, {8}, 99}}), outlook), "nvidia-h200 nvidia-l4");
}

TEST(Choice, WhoseSpeedIsNotToldComesAfterAllWhoseIs) {
  EXPECT_EQ(order(asks({{kSlow, {8}}, {kCpuClass, {0}}, {kGpu, {8}, 300}})),
            "nvidia-h200 nvidia-l4 cpu");
}

TEST(Choice, CpuThatIsFastEnoughSavesDevices) {
  EXPECT_EQ(order(asks({{kGpu, {8}}, {kCpuClass, {0}, 60}})), "cpu nvidia-h200");
  EXPECT_EQ(order(asks({{kGpu, {8}}, {kCpuClass, {0}, 40}})), "nvidia-h200 cpu");
}

TEST(Choice, CostsGrowWithTimeDevicesAndWait) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1'000; ++i) {
    const auto up_to = [&](int64_t most) { return 1 + static_cast<int64_t>(random() % most); };
    Ask ask = asks({{kGpu, {up_to(16)}}, {kSlow, {up_to(16)}, up_to(1'000)}});
    ask.expected = Millis{up_to(INT64_MAX / 2)};
    const Outlook outlook = prices(up_to(1'000'000'000), up_to(1'000'000'000));
    const Choice choice(ask, outlook);
    for (const Alternative& wants : ask.alternatives) {
      EXPECT_GE(choice.cost(wants), 0);
      EXPECT_LE(choice.cost(wants), choice.cost(wants, hours{up_to(10'000)}));
    }
    Ask slower = ask;
    slower.alternatives[1].speed_percent += 10;
    EXPECT_GE(choice.cost(ask.alternatives[1]),
              Choice(slower, outlook).cost(slower.alternatives[1]));
  }
}

// A fast node and a slow one.
struct Two : testing::Scene {
  Two() {
    node("fast", 8);
    world.set_node({.id = {"", "slow"},
                    .device_class = kSlow,
                    .devices = 8,
                    .room = {64'000, 1LL << 40},
                    .workers = 110});
    quotas.push_back(
        {.id = {"blue"}, .limits = {{kGpu, {.guaranteed = 64}}, {kSlow, {.guaranteed = 64}}}});
    world.set_quotas(quotas);
  }
  void wants(std::vector<Alternative> alternatives, int64_t for_hours) {
    ask("x", "blue", 1, 8, {.hours = for_hours});
    asks.back().alternatives = std::move(alternatives);
    asks.back().shape = shape_of(asks.back());
  }
};

TEST(Choice, TakesTheBestThatIsFree) {
  Two scene;
  scene.wants({{kSlow, {8}}, {kGpu, {8}, 200}}, 4);
  EXPECT_EQ(scene.told(), "x on fast\n");
}

TEST(Choice, WaitsForTheFasterWhereItIsDoneSoonerSo) {
  Two scene;
  scene.run("r", "blue", {{"fast", 8}}, {.hours = 1});
  scene.wants({{kGpu, {8}}, {kSlow, {8}, 20}}, 4);
  const auto decisions = scene.decide();
  const auto* hold = std::get_if<Hold>(&decisions.front());
  ASSERT_NE(hold, nullptr);
  EXPECT_EQ(hold->starts, scene.now + hours{1});
}

TEST(Choice, WaitsForTheFasterAlsoWhereItIsNotListedFirst) {
  Two scene;
  scene.run("r", "blue", {{"fast", 8}}, {.hours = 1});
  scene.wants({{kSlow, {8}}, {kGpu, {8}, 500}}, 20);
  EXPECT_EQ(scene.told(), "x NoCapacity\n");
}

TEST(Choice, DoesNotWaitForLongerThanItWouldSave) {
  Two scene;
  scene.run("r", "blue", {{"fast", 8}}, {.hours = 30});
  scene.wants({{kGpu, {8}}, {kSlow, {8}, 50}}, 4);
  EXPECT_EQ(scene.told(), "x on slow\n");
}

TEST(Choice, WaitsOnlyWhereItsStartIsKept) {
  Two scene;
  scene.run("r", "blue", {{"fast", 8}}, {.hours = 1});
  scene.ask("head", "blue", 1, 8);
  scene.wants({{kGpu, {8}}, {kSlow, {8}, 20}}, 4);
  EXPECT_EQ(scene.told(), "head NoCapacity\nx on slow\n");
}

TEST(Choice, DoesNotWaitWhereTheSlowerWasNotToldToBeSo) {
  Two scene;
  scene.run("r", "blue", {{"fast", 8}}, {.hours = 1});
  scene.wants({{kGpu, {8}}, {kSlow, {8}}}, 4);
  EXPECT_EQ(scene.told(), "x on slow\n");
}

}  // namespace
}  // namespace berth::sched
