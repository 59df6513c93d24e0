#include <gtest/gtest.h>

#include <random>
#include <set>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

TEST(Preemption, LowerTiersGiveWayToHigherOnesOfTheSameTenant) {
  Scene scene;
  scene.node("a", 8).quota("q", 8).run("spot", "q", {{"a", 8}}, {.tier = "Spot"});
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for spot\n");
}

TEST(Preemption, TakesWhatLosesLeastWork) {
  Scene scene({.service_levels_device_ms = {}});
  scene.node("a", 8).quota("q", 8);
  scene.run("old", "q", {{"a", 4}}, {.tier = "Spot", .hours_ago = 9});
  scene.run("young", "q", {{"a", 4}}, {.tier = "Spot", .hours_ago = 1});
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for young\n");
}

TEST(Preemption, CountsAGangOnceHoweverManyOfItsNodesAreWanted) {
  Scene scene;
  scene.node("a", 8).node("b", 8).quota("q", 16);
  scene.run("gang", "q", {{"a", 8}, {"b", 8}}, {.tier = "Spot", .hours_ago = 3});
  scene.ask("x", "q", 2, 8);
  const auto decisions = scene.decide();
  const auto& preempt = std::get<Preempt>(decisions.at(0));
  ASSERT_EQ(preempt.victims.size(), 1U);
  EXPECT_EQ(preempt.victims[0].devices, 16);
  EXPECT_EQ(preempt.victims[0].lost_device_ms, 16 * 3 * kDeviceHour);
}

TEST(Preemption, SparesWhoWouldBeKilledForNothing) {
  Scene scene;
  scene.node("a", 4).node("b", 8).quota("q", 24);
  scene.run("s1", "q", {{"a", 4}}, {.tier = "Spot"}).run("s2", "q", {{"b", 4}}, {.tier = "Spot"});
  scene.run("p", "q", {{"b", 4}}, {.tier = "Premium"});
  scene.ask("x", "q", 1, 8, {.tier = "Premium"});
  EXPECT_EQ(scene.told(), "x NoCapacity\n") << "eight on one node cannot be had";
}

TEST(Preemption, LeavesWorkAloneUntilItHasRunItsTiersLeastTime) {
  Scene scene;
  scene.world.set_tiers(
      {{"Standard", {.order = 10}},
       {"Spot", {.order = 20, .preemptible = true, .min_runtime = std::chrono::hours{3}}}});
  scene.node("a", 8).quota("q", 16);
  scene.run("spot", "q", {{"a", 8}}, {.tier = "Spot", .hours_ago = 2});
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x NoCapacity\n");
}

TEST(Preemption, ReturnsAGuaranteeThatIsLentOut) {
  Scene scene;
  scene.node("a", 8).quota("org", 0).quota("blue", 4, 4, "org").quota("green", 4, 4, "org");
  scene.run("g1", "green", {{"a", 4}}).run("g2", "green", {{"a", 4}}, {.hours_ago = 1});
  scene.ask("x", "blue", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for g2\n");
}

TEST(Preemption, TakesNothingOfWhatIsAnothersOwn) {
  Scene scene;
  scene.node("a", 8).quota("org", 0).quota("blue", 4, 4, "org").quota("green", 4, 0, "org");
  scene.run("g", "green", {{"a", 4}}).run("b", "blue", {{"a", 4}});
  scene.ask("x", "blue", 1, 2, {.hours_ago = 30});
  EXPECT_EQ(scene.told(), "x OverQuota\n");
}

TEST(Preemption, AnEvictedTenantDoesNotWinRightBack) {
  Scene scene;
  scene.node("a", 8).quota("org", 0).quota("blue", 4, 4, "org").quota("green", 4, 4, "org");
  scene.run("b", "blue", {{"a", 4}}).run("g", "green", {{"a", 4}});
  scene.ask("again", "green", 1, 4, {.hours_ago = 50});
  EXPECT_EQ(scene.told().find(" for "), std::string::npos);
}

TEST(Preemption, MovesLowerTiersOfOthersOutOfARackOnlyWhenTheyFindAnotherPlace) {
  Scene scene;
  scene.node("a1", 8, "r1").node("a2", 8, "r1").node("b1", 8, "r2").node("b2", 8, "r2");
  scene.quota("blue", 16).quota("green", 32);
  scene.run("s1", "green", {{"a1", 2}}, {.tier = "Spot"});
  scene.run("s2", "green", {{"b1", 2}}, {.tier = "Spot", .hours_ago = 1});
  scene.ask("gang", "blue", 2, 8, {.near = Nearness{{"rack"}, true}});
  EXPECT_EQ(scene.told(), "gang on b2 b1 for s2\n");
  scene.run("big", "green", {{"a1", 6}, {"a2", 8}}, {.tier = "Premium"});
  EXPECT_EQ(scene.told(), "gang NoCapacity\n") << "s2 would have nowhere to go";
}

TEST(Preemption, WorkThatHasHadMuchServiceGivesWayToWorkThatHasHadNone) {
  Scene scene;
  scene.node("a", 8).quota("q", 8).run("long", "q", {{"a", 8}}, {.hours_ago = 20, .saves = true});
  scene.ask("x", "q", 1, 1);
  EXPECT_EQ(scene.told(), "x on a for long\n");
  Scene forgetful;
  forgetful.node("a", 8).quota("q", 8).run("long", "q", {{"a", 8}}, {.hours_ago = 20});
  forgetful.ask("x", "q", 1, 1);
  EXPECT_EQ(forgetful.told(), "x OverQuota\n") << "it would lose what it has done";
  Scene others({.service_levels_device_ms = {}});
  others.node("a", 8).quota("q", 16).run("long", "q", {{"a", 8}}, {.hours_ago = 20, .saves = true});
  others.ask("x", "q", 1, 1);
  EXPECT_EQ(others.told(), "x NoCapacity\n");
}

TEST(Preemption, ATenantAtItsLimitMakesRoomWithItsOwnLessUrgentWork) {
  Scene scene;
  scene.node("a", 8).node("b", 8).quota("q", 8).run("s1", "q", {{"a", 4}}, {.tier = "Spot"});
  scene.run("s2", "q", {{"a", 4}}, {.tier = "Spot", .hours_ago = 1});
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for s2\n") << "although b is free";
}

TEST(Preemption, DecidesByTheFactsAndNotByTheOrderInWhichTheyCame) {
  const auto told = [](const std::vector<std::string>& nodes) {
    Scene scene;
    scene.node("huge", 32);
    scene.world.remove_node({"", "huge"});
    for (const std::string& node : nodes) scene.node(node, 8);
    scene.quota("q", 64);
    for (const std::string& node : nodes) {
      scene.run("r" + node, "q", {{node, 8}}, {.tier = "Spot"});
    }
    scene.ask("x", "q", 1, 4).ask("y", "q", 1, 4);
    return scene.told();
  };
  EXPECT_EQ(told({"a", "b", "c"}), told({"c", "b", "a"}));
  EXPECT_EQ(told({"b", "c", "a"}), "x on a for ra\ny on a\n");
}

// Whatever the scene: victims are freed for work that is placed on what is then free.
class RandomPreemption : public ::testing::TestWithParam<unsigned> {
 protected:
  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  std::mt19937 random_{GetParam()};
};

TEST_P(RandomPreemption, FreesNoDeviceForNothingAndTakesNoneTwice) {
  Scene scene;
  const std::vector<std::string> tiers{"Premium", "Standard", "Spot"};
  const std::vector<std::string> leaves{"blue", "green", "red"};
  std::map<std::string, int64_t> free;
  for (int n = 0; n < 6; ++n) {
    const std::string name = "n" + std::to_string(n);
    scene.node(name, 8, n < 3 ? "r1" : "r2");
    free[name] = 8;
  }
  scene.quota("org", 0).quota("blue", 16, 20, "org").quota("green", 16, 20, "org");
  scene.quota("red", 10, 8);
  std::map<std::string, std::vector<std::pair<std::string, int64_t>>> runs;
  for (int i = 0; i < 14; ++i) {
    const std::string node = "n" + std::to_string(pick(6));
    const int64_t devices = std::min<int64_t>(free[node], 1 + pick(6));
    if (devices == 0) continue;
    free[node] -= devices;
    const std::string name = "run" + std::to_string(i);
    runs[name] = {{node, devices}};
    scene.run(name, leaves[static_cast<size_t>(pick(3))], runs[name],
              {.tier = tiers[static_cast<size_t>(pick(3))], .hours_ago = pick(40)});
  }
  for (int i = 0; i < 12; ++i) {
    Scene::Options options{.tier = tiers[static_cast<size_t>(pick(3))], .hours = 1 + pick(20)};
    if (pick(3) == 0) options.near = Nearness{{"rack"}, pick(2) == 0};
    scene.ask("ask" + std::to_string(i), leaves[static_cast<size_t>(pick(3))],
              static_cast<int>(1 + pick(3)), 1 + pick(8), options);
  }
  const auto decisions = scene.decide();
  EXPECT_EQ(decisions.size(), 12U);
  std::set<std::string> gone;
  const auto settle = [&](const Admit& admit) {
    for (size_t w = 0; w < admit.nodes.size(); ++w) free[admit.nodes[w].name] -= admit.counts[w];
  };
  for (const Decision& decision : decisions) {
    if (const auto* preempt = std::get_if<Preempt>(&decision)) {
      EXPECT_FALSE(preempt->victims.empty());
      for (const Victim& victim : preempt->victims) {
        EXPECT_TRUE(gone.insert(victim.id.uid).second) << "a victim twice";
        for (const auto& [node, devices] : runs.at(victim.id.uid)) free[node] += devices;
      }
      settle(preempt->placement);
    } else if (const auto* admit = std::get_if<Admit>(&decision)) {
      settle(*admit);
    }
    for (const auto& [node, left] : free) EXPECT_GE(left, 0) << node;
  }
  EXPECT_EQ(scene.decide(), decisions) << "the pass leaves the world as it was";
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomPreemption, ::testing::Range(0U, 300U));

}  // namespace
}  // namespace berth::sched::testing
