#include "sched/core/world.h"

#include <gtest/gtest.h>

#include <random>

#include "sched/core/testing/scene.h"

namespace berth::sched {
namespace {

using testing::kGpu;

Node node(const std::string& name, int64_t devices) {
  return {.id = {"", name},
          .device_class = kGpu,
          .devices = devices,
          .room = {64'000, int64_t{1} << 40},
          .workers = 110};
}
Holder holder(const std::string& source, const std::vector<std::pair<std::string, int64_t>>& on) {
  Holder made{.source = source};
  for (const auto& [name, devices] : on) {
    made.charges.push_back(
        {{"", name}, kGpu, devices, {1'000, 1 << 20}, ChargeKind::Unmanaged, {}});
  }
  return made;
}

TEST(World, WhoGoesFromACrowdedNodeLeavesRoomToWhoStays) {
  World world;
  world.set_node(node("a", 8));
  world.set_holder(holder("first", {{"a", 8}}));
  world.set_holder(holder("second", {{"a", 6}}));
  EXPECT_EQ(world.fleet().free_of(kGpu), 0);
  world.remove_holder("first");
  EXPECT_EQ(world.fleet().free_of(kGpu), 2'000);
}

class CrowdedWorld : public ::testing::TestWithParam<uint32_t> {};

TEST_P(CrowdedWorld, IsWhatItsFactsSayHoweverTheyCameAbout) {
  std::mt19937 random(GetParam());
  const auto below = [&](int64_t bound) {
    return std::uniform_int_distribution<int64_t>(0, bound - 1)(random);
  };
  const auto name = [&] { return std::string(1, static_cast<char>('a' + below(4))); };
  World world;
  for (int step = 0; step < 400; ++step) {
    const std::string source = "holder-" + std::to_string(below(8));
    switch (below(5)) {
      case 0: world.set_node(node(name(), 1 + below(8))); break;
      case 1: world.remove_node({"", name()}); break;
      case 2: world.remove_holder(source); break;
      default: world.set_holder(holder(source, {{name(), 1 + below(6)}, {name(), 1 + below(6)}}));
    }
    World anew;
    for (const auto& [source_of, held] : world.holders()) anew.set_holder(held.facts);
    for (const auto& [id, known] : world.nodes()) anew.set_node(known);
    for (const auto& [id, known] : world.nodes()) {
      const NodeIndex here = *world.fleet().find(id);
      const NodeIndex there = *anew.fleet().find(id);
      ASSERT_EQ(world.fleet().whole_free(here), anew.fleet().whole_free(there)) << step;
      ASSERT_EQ(world.fleet().free_cpu(here), anew.fleet().free_cpu(there)) << step;
    }
    for (const auto& [source_of, held] : world.holders()) {
      const World::Held& other = anew.holders().at(source_of);
      for (size_t i = 0; i < held.spots.size(); ++i) {
        ASSERT_EQ(__builtin_popcountll(held.spots[i].devices),
                  __builtin_popcountll(other.spots[i].devices))
            << step;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CrowdedWorld, ::testing::Range(1U, 21U));

}  // namespace
}  // namespace berth::sched
