#include "sched/fleet/fleet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace berth::sched {
namespace {

NodeFacts node(const std::string& name, int32_t devices, const DeviceClass& device_class = "a") {
  return {.id = {"", name},
          .device_class = device_class,
          .devices = devices,
          .cpu_milli = 8'000 * devices,
          .memory_bytes = 1'000};
}

std::string best_name(Fleet& fleet, const Shape& shape) {
  const auto found = fleet.best(fleet.shape(shape));
  return found ? fleet.facts(*found).id.name : "";
}

TEST(Fleet, FillsTheFullestNodeThatFitsSoWholeNodesStayFree) {
  Fleet fleet;
  fleet.add(node("a", 8));
  const NodeIndex b = fleet.add(node("b", 8));
  fleet.take(fleet.shape({.need = {4}}), b);
  EXPECT_EQ(best_name(fleet, {.need = {2}}), "b");
  EXPECT_EQ(best_name(fleet, {.need = {5}}), "a");
  EXPECT_EQ(best_name(fleet, {.need = {9}}), "");
}

TEST(Fleet, GivesEqualNodesInTheOrderOfTheirNamesHoweverTheyCame) {
  Fleet fleet;
  for (const char* name : {"c", "a", "d", "b"}) fleet.add(node(name, 1));
  const ShapeId one = fleet.shape({.need = {1}});
  std::string order;
  while (const auto found = fleet.best(one)) {
    order += fleet.facts(*found).id.name;
    fleet.take(one, *found);
  }
  EXPECT_EQ(order, "abcd");
}

TEST(Fleet, AScoreDoesNotRememberANodeThatWasLarger) {
  const auto score_of = [](bool was_larger) {
    Fleet fleet;
    fleet.add(node("a", 4));
    fleet.add(node("b", 4));
    const NodeIndex c = fleet.add(node("c", was_larger ? 8 : 2));
    fleet.resize(c, node("c", 2));
    std::optional<Fleet::Second> second;
    fleet.best(fleet.shape({.need = {3}}), &second);
    return second.value().score;
  };
  EXPECT_EQ(score_of(true), score_of(false));
}

// Whoever would be best without the best, by looking at all.
TEST(Fleet, TheSecondIsWhoWouldBeBestIfTheFirstWereNotThereWhateverCameBefore) {
  std::mt19937 random(11);
  Fleet fleet;
  std::vector<NodeIndex> nodes;
  for (int i = 0; i < 24; ++i) {
    nodes.push_back(fleet.add(node("n" + std::to_string(i), 8, i % 3 == 0 ? "b" : "a")));
  }
  std::vector<Spot> taken;
  for (int i = 0; i < 2'000; ++i) {
    const ShapeId shape = fleet.shape({.need = {static_cast<int32_t>(1 + random() % 4)}});
    if (!taken.empty() && random() % 2 == 0) {
      std::swap(taken[random() % taken.size()], taken.back());
      fleet.give(taken.back());
      taken.pop_back();
      continue;
    }
    std::optional<Fleet::Second> second;
    std::optional<Fleet::Second> among;
    const auto first = fleet.best(shape, &second);
    ASSERT_EQ(first, fleet.best_among(shape, nodes, &among));
    std::vector<NodeIndex> others;
    for (const NodeIndex one : nodes) {
      if (one != first) others.push_back(one);
    }
    std::shuffle(others.begin(), others.end(), random);
    const auto without = first ? fleet.best_among(shape, others) : std::nullopt;
    ASSERT_EQ(second.has_value(), without.has_value());
    ASSERT_EQ(among.has_value(), without.has_value());
    if (without) {
      ASSERT_EQ(second->node, *without);
      ASSERT_EQ(among->node, *without);
      ASSERT_EQ(second->score, among->score);
      ASSERT_LE(second->score, second->best);
    }
    if (first) taken.push_back(fleet.take(shape, *first));
  }
}

TEST(Fleet, KeepsWorkOffScarceClassesThatItDoesNotNeed) {
  Fleet fleet;
  fleet.add(node("common", 8, "l4"));
  const NodeIndex rare = fleet.add(node("rare", 8, "h200"));
  fleet.take(fleet.shape({.need = {4}}), rare);
  EXPECT_EQ(best_name(fleet, {.need = {1}}), "rare") << "it is the fuller one";
  fleet.set_outlook({.prices = {{"h200", 300}}});
  EXPECT_EQ(best_name(fleet, {.need = {1}}), "common");
  EXPECT_EQ(best_name(fleet, {.need = {1}, .classes = {"h200"}}), "rare");
}

TEST(Fleet, CountsCpuMemoryAndPods) {
  Fleet fleet;
  NodeFacts facts = node("a", 8);
  facts.pods = 2;
  const NodeIndex a = fleet.add(facts);
  EXPECT_EQ(best_name(fleet, {.need = {1}, .cpu_milli = 64'001}), "");
  EXPECT_EQ(best_name(fleet, {.need = {1}, .memory_bytes = 1'001}), "");
  const ShapeId small = fleet.shape({.need = {1}, .cpu_milli = 32'000});
  const Spot first = fleet.take(small, a);
  fleet.take(small, a);
  EXPECT_FALSE(fleet.can_take(small, a)) << "CPU is used up";
  EXPECT_FALSE(fleet.can_take(fleet.shape({.need = {1}}), a)) << "two pods are there";
  fleet.give(first);
  EXPECT_TRUE(fleet.can_take(small, a));
}

TEST(Fleet, PutsSharesWhereTheyLeaveLeastThatExpectedWorkCannotUse) {
  Fleet fleet;
  fleet.set_outlook({.mix = {{.need = {1, 700}, .weight = 1}, {.need = {1, 300}, .weight = 1}}});
  const NodeIndex a = fleet.add(node("a", 2));
  fleet.take(fleet.shape({.need = {1, 700}}), a);
  const ShapeId small = fleet.shape({.need = {1, 300}});
  const Spot spot = fleet.take(small, a);
  EXPECT_EQ(fleet.free_milli(a), 1'000) << "beside the large share, not on the free device";
  fleet.give(spot);
  EXPECT_EQ(fleet.free_milli(a), 1'300);
  EXPECT_TRUE(fleet.can_take(fleet.shape({.need = {1}}), a));
}

TEST(Fleet, ReturnsSlicesToWhereTheyWere) {
  Fleet fleet;
  NodeFacts facts = node("a", 1);
  facts.cut = fleet.sets().cut({.slots = 4, .profiles = {{2, 0b0101}, {1, 0b1111}}});
  const NodeIndex a = fleet.add(facts);
  const ShapeId half = fleet.shape({.need = {1, 500, 0}});
  const Spot low = fleet.take(half, a);
  fleet.take(half, a);
  EXPECT_FALSE(fleet.can_take(half, a));
  fleet.give(low);
  EXPECT_TRUE(fleet.can_take(half, a));
  EXPECT_EQ(fleet.free_milli(a), 500);
}

TEST(Fleet, TellsAllDevicesOfTheLargestNodeApart) {
  Fleet fleet;
  fleet.set_outlook({.mix = {{.need = {1}, .weight = 1}, {.need = {8}, .weight = 3}}});
  const NodeIndex a = fleet.add(node("a", kMostDevicesPerNode));
  const NodeIndex b = fleet.add(node("b", 7));
  EXPECT_GT(fleet.fragmented_milli(), 0) << "nothing has run over";
  const ShapeId one = fleet.shape({.need = {1}});
  EXPECT_EQ(best_name(fleet, {.need = {1}}), "b") << "its free devices are of use to few";
  std::vector<Spot> spots;
  for (int i = 0; i < kMostDevicesPerNode; ++i) spots.push_back(fleet.take(one, a));
  EXPECT_FALSE(fleet.can_take(one, a));
  fleet.give(spots[63]);
  fleet.give(spots[31]);
  EXPECT_EQ(fleet.whole_free(a), 2);
  const Spot both = fleet.take(fleet.shape({.need = {2}}), a);
  EXPECT_EQ(both.devices, spots[63].devices | spots[31].devices);
  fleet.give(both);
  const ShapeId half = fleet.shape({.need = {1, 500}});
  for (int i = 0; i < 4; ++i) spots[static_cast<size_t>(i)] = fleet.take(half, a);
  EXPECT_EQ(fleet.free_milli(a), 0);
  for (int i = 0; i < 4; ++i) fleet.give(spots[static_cast<size_t>(i)]);
  EXPECT_EQ(fleet.whole_free(a), 2);
  EXPECT_EQ(fleet.whole_free(b), 7);
}

// Random takes and gives; every answer is compared with a look at each node.
class RandomFleet : public testing::TestWithParam<unsigned> {
 protected:
  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  Shape shape() {
    static const std::vector<Need> kNeeds{{1}, {2}, {4}, {1, 500}, {1, 300}, {2, 200}, {}};
    static const std::vector<std::vector<DeviceClass>> kClasses{{}, {"a"}, {"a", "b"}};
    return {.need = kNeeds[pick(7)],
            .cpu_milli = 1'000 * pick(4),
            .memory_bytes = 10 * pick(4),
            .classes = kClasses[pick(3)]};
  }
  Outlook outlook() {
    Outlook made;
    for (int i = 0; i < 6; ++i) {
      const Shape s = shape();
      made.mix.push_back({s.need, s.cpu_milli, s.classes, 1 + pick(9)});
    }
    made.prices["b"] = pick(300);
    return made;
  }
  std::mt19937 random_{GetParam()};
};

TEST_P(RandomFleet, FindsANodeExactlyWhenOneFitsAndGivesBackWhatItTook) {
  Fleet fleet;
  fleet.set_outlook(outlook());
  for (uint32_t i = 0; i < 20; ++i) {
    fleet.add(
        node("n" + std::to_string(i), static_cast<int32_t>(1 + pick(8)), pick(2) == 0 ? "a" : "b"));
  }
  std::vector<Spot> held;
  for (int step = 0; step < 400; ++step) {
    const ShapeId id = fleet.shape(shape());
    bool fits = false;
    for (NodeIndex n = 0; n < 20; ++n) fits = fits || fleet.can_take(id, n);
    const auto found = fleet.best(id);
    ASSERT_EQ(found.has_value(), fits);
    if (found) held.push_back(fleet.take(id, *found));
    if (!held.empty() && pick(3) == 0) {
      std::swap(held[pick(static_cast<uint32_t>(held.size()))], held.back());
      fleet.give(held.back());
      held.pop_back();
    }
    if (step % 150 == 100) fleet.set_outlook(outlook());
  }
  for (const Spot& spot : held) fleet.give(spot);
  for (NodeIndex n = 0; n < 20; ++n) {
    EXPECT_EQ(fleet.free_milli(n), 1'000 * fleet.facts(n).devices);
    EXPECT_EQ(fleet.free_cpu(n), fleet.facts(n).cpu_milli);
  }
}

TEST_P(RandomFleet, DoesNotDependOnTheNamesOfNodes) {
  const Outlook expected = outlook();
  std::vector<NodeFacts> nodes;
  for (uint32_t i = 0; i < 30; ++i) {
    nodes.push_back(
        node("n" + std::to_string(i), static_cast<int32_t>(1 + pick(8)), pick(2) == 0 ? "a" : "b"));
  }
  std::vector<NodeFacts> renamed = nodes;
  for (size_t i = renamed.size() - 1; i > 0; --i) {
    std::swap(renamed[i].id, renamed[pick(static_cast<uint32_t>(i + 1))].id);
  }
  Fleet one;
  Fleet other;
  one.set_outlook(expected);
  other.set_outlook(expected);
  for (const NodeFacts& n : nodes) one.add(n);
  for (const NodeFacts& n : renamed) other.add(n);
  for (int step = 0; step < 300; ++step) {
    const Shape wants = shape();
    const auto a = one.best(one.shape(wants));
    const auto b = other.best(other.shape(wants));
    ASSERT_EQ(a.has_value(), b.has_value());
    if (!a) continue;
    EXPECT_EQ(one.facts(*a).device_class, other.facts(*b).device_class);
    EXPECT_EQ(one.free_milli(*a), other.free_milli(*b));
    EXPECT_EQ(one.free_cpu(*a), other.free_cpu(*b));
    one.take(one.shape(wants), *a);
    other.take(other.shape(wants), *b);
  }
  EXPECT_EQ(one.fragmented_milli(), other.fragmented_milli());
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomFleet, testing::Range(0U, 60U));

TEST(Fleet, ForgetsStatesThatAreOver) {
  Fleet fleet;
  NodeFacts big = node("a", 8);
  big.cpu_milli = 1'000'000;
  const NodeIndex a = fleet.add(big);
  for (int round = 0; round < 20'000; ++round) {
    const ShapeId id = fleet.shape({.need = {1}, .cpu_milli = 1 + round % 9'000});
    ASSERT_EQ(fleet.best(id), a);
    fleet.give(fleet.take(id, a));
  }
  EXPECT_LT(fleet.states(), 9'000U);
}

// A trial placement that is taken back gives birth to a state each time.
TEST(Fleet, ForgetsHowOftenTheSameStatesCameToBe) {
  Fleet fleet;
  fleet.add(node("a", 8));
  fleet.add(node("b", 8));
  const ShapeId id = fleet.shape({.need = {1}});
  size_t most = 0;
  for (int round = 0; round < 20'000; ++round) {
    fleet.give(fleet.take(id, *fleet.best(id)));
    most = std::max(most, fleet.births());
  }
  EXPECT_GT(most, 4'000U);
  EXPECT_LT(most, 4'200U);
}

}  // namespace
}  // namespace berth::sched
