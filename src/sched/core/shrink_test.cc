#include "sched/core/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

using namespace std::chrono_literals;
using Places = std::vector<std::pair<std::string, int64_t>>;

// A gang that can go on with `least` workers, saves on notice, and takes a minute to come back
// where it has to wait, half of that where it has not.
void elastic(Scene& scene, const std::string& name, const std::string& quota, const Places& places,
             size_t least, const std::string& tier = "Spot") {
  scene.run(name, quota, places, {.tier = tier, .saves = true, .least = least});
  Run run = *scene.world.holders().at(name).facts.run;
  run.job.save = 10s;
  run.job.restore = 20s;
  run.job.requeue = 30s;
  scene.world.set_run(name, run);
}

Places each(const std::string& node, size_t workers, int64_t devices = 1) {
  return Places(workers, {node, devices});
}

TEST(Shrink, AGangKeepsWhatTheOtherDoesNotNeed) {
  Scene scene;
  elastic(scene.node("a", 8).quota("q", 16), "train", "q", each("a", 8), 2);
  scene.ask("x", "q", 1, 4);
  const auto decisions = scene.decide();
  EXPECT_EQ(Scene::line(decisions.at(0)), "x on a for train(a a a a)");
  const Victim& victim = std::get<Preempt>(decisions.at(0)).victims.at(0);
  EXPECT_EQ(victim.devices, 8);
  EXPECT_EQ(victim.lost_device_ms, 4 * 30'000) << "those that stay save and load, none waits";
}

TEST(Shrink, AGangKeepsWhatItsQuotaLeavesIt) {
  Scene scene;
  elastic(scene.node("a", 8).quota("q", 8), "train", "q", each("a", 8), 2);
  scene.ask("x", "q", 1, 3);
  EXPECT_EQ(scene.told(), "x on a for train(a a a a a)\n");
}

TEST(Shrink, AGangGoesWholeWhereTooFewWouldBeLeft) {
  Scene scene;
  elastic(scene.node("a", 8).quota("q", 8), "train", "q", each("a", 8), 5);
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for train\n");
}

TEST(Shrink, ShrinkingOneComesBeforeEvictingAnother) {
  Scene scene;
  scene.node("a", 4).node("b", 8).quota("q", 16);
  elastic(scene, "rigid", "q", each("a", 4), 0);
  elastic(scene, "train", "q", each("b", 8), 2);
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x on b for train(b b b b)\n");
}

TEST(Shrink, ShrinkingOneComesBeforeEvictingAnotherForAQuotaToo) {
  Scene scene;
  scene.node("a", 4).node("b", 8).quota("q", 12);
  elastic(scene, "rigid", "q", each("a", 4), 0);
  elastic(scene, "train", "q", each("b", 8), 2);
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x on b for train(b b b b)\n");
}

TEST(Shrink, AWideGangLosesTheWorkersThatAreInTheWay) {
  Scene scene;
  scene.node("a", 8).node("b", 8).node("c", 8).node("d", 8).quota("q", 64);
  elastic(scene, "train", "q", {{"a", 8}, {"b", 8}, {"c", 8}, {"d", 8}}, 2);
  scene.ask("x", "q", 2, 8);
  EXPECT_EQ(scene.told(), "x on a b for train(c d)\n");
  scene.ask("y", "q", 1, 8);
  EXPECT_EQ(scene.told(), "x on a b for train(c d)\ny NoCapacity\n")
      << "what it keeps is nobody's in this pass";
}

TEST(Shrink, AGuaranteeIsReturnedByThoseWorkersThatAreBeyondTheBorrowersOwn) {
  Scene scene;
  scene.node("a", 8).quota("org", 0).quota("blue", 4, 4, "org").quota("green", 4, 4, "org");
  elastic(scene, "train", "green", each("a", 8), 1, "Standard");
  scene.ask("x", "blue", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for train(a a a a)\n");
}

TEST(Shrink, WhoHasToMoveTakesAllOfItAlong) {
  Scene scene;
  scene.node("a1", 8, "r1").node("a2", 8, "r1").node("b1", 4, "r2").quota("blue", 16);
  scene.quota("green", 32);
  elastic(scene, "train", "green", each("a1", 4, 1), 1);
  scene.ask("gang", "blue", 2, 8, {.near = Nearness{{"rack"}, true}});
  EXPECT_EQ(scene.told(), "gang on a2 a1 for train\n") << "no quota makes it give up a device";
}

TEST(Shrink, WhoMayNotBePreemptedIsNotShrunk) {
  Scene scene;
  elastic(scene.node("a", 8).quota("q", 16), "train", "q", each("a", 8), 2, "Premium");
  scene.ask("x", "q", 1, 4, {.tier = "Premium", .priority = 5});
  EXPECT_EQ(scene.told(), "x NoCapacity\n");
}

TEST(Shrink, VictimsByAgeGoWhole) {
  Scene scene({.victims = VictimOrder::NewestFirst});
  elastic(scene.node("a", 8).quota("q", 16), "train", "q", each("a", 8), 2);
  scene.ask("x", "q", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for train\n");
}

TEST(Shrink, WhoGivesWayDoesNotGrowInTheSamePass) {
  Scene scene;
  scene.node("a1", 8, "r1").node("a2", 8, "r1").node("b1", 4, "r2").node("b2", 4, "r2");
  scene.quota("q", 32);
  elastic(scene, "train", "q", {{"a1", 4}, {"a2", 4}}, 2);
  scene.ask("train", "q", 4, 4, {.tier = "Spot", .least = 2, .runs_with = 2});
  scene.ask("x", "q", 2, 8, {.near = Nearness{{"rack"}, true}});
  EXPECT_EQ(scene.told(), "x on a1 a2 for train\n");
}

TEST(Shrink, WhatIsLeftOfARunTakesAsMuchLonger) {
  EXPECT_EQ(stretched(Millis{1'000}, 8, 2, at_hour(1)), at_hour(1) + Millis{4'000});
  EXPECT_EQ(stretched(Millis::max(), 8, 2, at_hour(1)), Instant::max());
}

// Worlds of rigid and elastic gangs in which quotas, nodes and racks run short.
class RandomShrink : public ::testing::TestWithParam<unsigned> {
 protected:
  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  void SetUp() override {
    for (int n = 0; n < 6; ++n) {
      const std::string name = "n" + std::to_string(n);
      scene_.node(name, 8, n < 3 ? "r1" : "r2");
      free_[name] = 8;
    }
    scene_.quota("org", 0).quota("blue", 14, 16, "org").quota("green", 14, 16, "org");
    scene_.quota("red", 10, 8);
    for (int i = 0; i < 10; ++i) run(i);
    for (int i = 0; i < 10; ++i) ask(i);
  }

  void run(int number) {
    const std::string name = "run" + std::to_string(number);
    const int64_t devices = 1 + pick(3);
    Places places;
    for (int64_t worker = 1 + pick(6); worker > 0; --worker) {
      const std::string node = "n" + std::to_string(pick(6));
      if (free_[node] < devices) continue;
      free_[node] -= devices;
      places.emplace_back(node, devices);
    }
    if (places.empty()) return;
    least_[name] = static_cast<size_t>(pick(static_cast<int64_t>(places.size())));
    elastic(scene_, name, leaves_[static_cast<size_t>(pick(3))], places, least_[name],
            tiers_[static_cast<size_t>(pick(3))]);
    runs_[name] = places;
  }

  void ask(int number) {
    Scene::Options options{.tier = tiers_[static_cast<size_t>(pick(3))], .hours = 1 + pick(20)};
    if (pick(3) == 0) options.near = Nearness{{"rack"}, pick(2) == 0};
    scene_.ask("ask" + std::to_string(number), leaves_[static_cast<size_t>(pick(3))],
               static_cast<int>(1 + pick(3)), 1 + pick(6), options);
  }

  // What goes is free, what stays is its own as before.
  void give_way(const Victim& victim) {
    ASSERT_TRUE(gone_.insert(victim.id.uid).second) << "a victim twice";
    const Places& before = runs_.at(victim.id.uid);
    const int64_t devices = before.front().second;
    EXPECT_EQ(victim.devices, devices * static_cast<int64_t>(before.size()));
    std::multiset<std::string> had;
    for (const auto& [node, count] : before) {
      had.insert(node);
      free_[node] += count;
    }
    for (const NodeId& node : victim.keeps) {
      const auto own = had.find(node.name);
      ASSERT_NE(own, had.end()) << victim.id.uid << " had no such worker on " << node.name;
      had.erase(own);
      free_[node.name] -= devices;
    }
    if (victim.keeps.empty()) return;
    ++shrunk_;
    EXPECT_GE(victim.keeps.size(), std::max<size_t>(1, least_.at(victim.id.uid)));
    EXPECT_LT(victim.keeps.size(), before.size());
    EXPECT_NE(least_.at(victim.id.uid), 0U) << "a rigid gang is shrunk";
  }

  const std::vector<std::string> tiers_{"Premium", "Standard", "Spot"};
  const std::vector<std::string> leaves_{"blue", "green", "red"};
  std::mt19937 random_{GetParam()};
  Scene scene_;
  std::map<std::string, int64_t> free_;
  std::map<std::string, Places> runs_;
  std::map<std::string, size_t> least_;
  std::set<std::string> gone_;
  int shrunk_ = 0;
};

TEST_P(RandomShrink, EveryDeviceIsHeldByOneAndNoGangIsLeftTooSmall) {
  const auto decisions = scene_.decide();
  for (const Decision& decision : decisions) {
    const auto* preempt = std::get_if<Preempt>(&decision);
    const auto* admit = preempt != nullptr ? &preempt->placement : std::get_if<Admit>(&decision);
    if (preempt != nullptr) {
      EXPECT_FALSE(preempt->victims.empty());
      for (const Victim& victim : preempt->victims) give_way(victim);
    }
    if (admit == nullptr) continue;
    for (size_t worker = 0; worker < admit->nodes.size(); ++worker) {
      free_[admit->nodes[worker].name] -= admit->counts[worker];
    }
    for (const auto& [node, left] : free_) EXPECT_GE(left, 0) << node;
  }
  EXPECT_EQ(scene_.decide(), decisions) << "the pass leaves the world as it was";
}

// A pass over a world as the one before has left it, which was within its limits.
TEST_P(RandomShrink, NoQuotaHoldsMoreThanItMay) {
  std::map<std::string, int64_t> used;
  for (const auto& [source, held] : scene_.world.holders()) {
    for (const Charge& charge : held.facts.charges) used[charge.quota.name] += charge.devices;
  }
  const std::map<std::string, int64_t> before = used;
  for (const Decision& decision : scene_.decide()) {
    const auto* preempt = std::get_if<Preempt>(&decision);
    const auto* admit = preempt != nullptr ? &preempt->placement : std::get_if<Admit>(&decision);
    if (preempt != nullptr) {
      for (const Victim& victim : preempt->victims) {
        const Charge& one = scene_.world.holders().at(victim.id.uid).facts.charges.front();
        used[one.quota.name] -=
            victim.devices - one.devices * static_cast<int64_t>(victim.keeps.size());
      }
    }
    if (admit == nullptr) continue;
    for (const int64_t devices : admit->counts) used[admit->quota.name] += devices;
  }
  const std::map<std::string, int64_t> most{{"blue", 30}, {"green", 30}, {"red", 18}};
  for (const auto& [quota, devices] : used) {
    EXPECT_LE(devices, std::max(most.at(quota), before.count(quota) ? before.at(quota) : 0))
        << quota;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomShrink, ::testing::Range(0U, 300U));

}  // namespace
}  // namespace berth::sched::testing
