#include "sched/place/gang.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace berth::sched {
namespace {

constexpr const char* kRack = "rack";
constexpr const char* kSpine = "spine";

// Racks().rack("r1", "s1", 4) adds nodes r1-0 ... r1-3 of eight devices.
struct Racks {
  Fleet fleet;
  Topology topology;

  Racks& rack(const std::string& name, const std::string& spine, int nodes) {
    for (int i = 0; i < nodes; ++i) {
      const NodeId id{"", name + "-" + std::to_string(i)};
      const NodeIndex node =
          fleet.add({.id = id, .device_class = "h200", .devices = 8, .cpu_milli = 64'000});
      topology.set(node, id, {{kRack, name}, {kSpine, spine}});
    }
    return *this;
  }
  Racks& busy(const std::string& node, int32_t devices) {
    fleet.take(fleet.shape({.need = {devices}}), *fleet.find({"", node}));
    return *this;
  }
  // "r1-0 r1-1" where a gang of equal workers goes, "" when it does not fit.
  std::string gang(size_t workers, int32_t devices, std::optional<Nearness> near = {},
                   std::optional<std::span<const NodeIndex>> allowed = {}) {
    const Gang made{std::vector<ShapeId>(workers, fleet.shape({.need = {devices}})),
                    std::move(near), allowed};
    const auto spots = place(fleet, topology, made);
    std::string nodes;
    for (const Spot& spot : spots.value_or(std::vector<Spot>{})) {
      nodes += (nodes.empty() ? "" : " ") + fleet.facts(spot.node).id.name;
    }
    return nodes;
  }
};

Nearness required(const std::string& level) { return {{level}, true}; }

TEST(Gang, GoesIntoTheRackWithLeastRoomBesideIt) {
  Racks racks;
  racks.rack("r1", "s", 4).rack("r2", "s", 3).rack("r3", "s", 1);
  EXPECT_EQ(racks.gang(2, 8, required(kRack)), "r2-0 r2-1");
  EXPECT_EQ(racks.gang(4, 8, required(kRack)), "r1-0 r1-1 r1-2 r1-3") << "r1 was kept whole";
}

TEST(Gang, ThatMustLieInOneRackWaitsAlthoughEnoughIsFree) {
  Racks racks;
  racks.rack("r1", "s", 2).rack("r2", "s", 2);
  EXPECT_EQ(racks.gang(3, 8, required(kRack)), "");
  EXPECT_EQ(racks.gang(4, 8), "r1-0 r1-1 r2-0 r2-1") << "nothing was left taken";
}

TEST(Gang, ThatWouldLikeOneRackTakesWiderLevelsBeforeItScatters) {
  Racks racks;
  racks.rack("r1", "s1", 2).rack("r2", "s2", 2).rack("r3", "s2", 1);
  EXPECT_EQ(racks.gang(3, 8, Nearness{{kRack, kSpine}, false}), "r2-0 r2-1 r3-0");
}

TEST(Gang, ScattersOverAsFewRacksAsItTakes) {
  Racks racks;
  racks.rack("r1", "s", 1).rack("r2", "s", 3).rack("r3", "s", 1).busy("r3-0", 4);
  EXPECT_EQ(racks.gang(4, 8, Nearness{{kRack}, false}), "r2-0 r2-1 r2-2 r1-0");
}

TEST(Gang, OnOneHostIsARackOfOneNode) {
  Racks racks;
  racks.rack("r1", "s", 2).busy("r1-0", 2);
  EXPECT_EQ(racks.gang(3, 2, required(kHostLevel)), "r1-0 r1-0 r1-0");
  EXPECT_EQ(racks.gang(5, 2, required(kHostLevel)), "");
}

TEST(Gang, StaysWhereItMayRun) {
  Racks racks;
  racks.rack("r1", "s", 2).rack("r2", "s", 2);
  const std::vector<NodeIndex> allowed{1, 3};
  EXPECT_EQ(racks.gang(2, 8, {}, allowed), "r1-1 r2-1");
  EXPECT_EQ(racks.gang(1, 8, required(kRack), allowed), "");
}

TEST(Gang, PlacesWhatIsHardestToPlaceFirst) {
  Racks racks;
  racks.rack("r1", "s", 2);
  const ShapeId small = racks.fleet.shape({.need = {4}});
  const ShapeId large = racks.fleet.shape({.need = {8}});
  const auto spots = place(racks.fleet, racks.topology, {{small, large, small}, {}, {}});
  ASSERT_TRUE(spots);
  EXPECT_EQ((*spots)[0].node, (*spots)[2].node);
  EXPECT_NE((*spots)[0].node, (*spots)[1].node);
}

TEST(Topology, NodesWithoutTheLabelAreInNoDomain) {
  Racks racks;
  racks.rack("r1", "s", 2);
  racks.topology.set(0, {"", "r1-0"}, {{kRack, "elsewhere"}});
  EXPECT_EQ(racks.topology.domains(kRack).size(), 2U);
  EXPECT_EQ(racks.topology.domains(kSpine).size(), 1U);
  EXPECT_EQ(racks.topology.domains(kSpine)[0].nodes, std::vector<NodeIndex>{1});
}

class RandomGang : public testing::TestWithParam<unsigned> {};

TEST_P(RandomGang, IsPlacedWholeInOneRackExactlyWhenARackHasRoomOrTakesNothing) {
  std::mt19937 random{GetParam()};
  Racks racks;
  for (int r = 0; r < 4; ++r)
    racks.rack("r" + std::to_string(r), "s", static_cast<int>(1 + random() % 4));
  const auto nodes = static_cast<NodeIndex>(racks.fleet.nodes());
  for (NodeIndex n = 0; n < nodes; ++n) {
    const auto taken = static_cast<int32_t>(random() % 9);
    if (taken > 0) racks.fleet.take(racks.fleet.shape({.need = {taken}}), n);
  }
  const auto devices = static_cast<int32_t>(1 + random() % 8);
  const size_t workers = 1 + random() % 6;
  std::vector<int32_t> before;
  for (NodeIndex n = 0; n < nodes; ++n) before.push_back(racks.fleet.free_milli(n));
  bool fits = false;
  for (const Domain& domain : racks.topology.domains(kRack)) {
    size_t room = 0;
    for (const NodeIndex n : domain.nodes) {
      room += static_cast<size_t>(racks.fleet.free_milli(n) / (1'000 * devices));
    }
    fits = fits || room >= workers;
  }
  const Gang gang{
      std::vector<ShapeId>(workers, racks.fleet.shape({.need = {devices}})), required(kRack), {}};
  const auto spots = place(racks.fleet, racks.topology, gang);
  ASSERT_EQ(spots.has_value(), fits);
  if (spots) {
    std::set<std::string> racks_used;
    for (const Spot& spot : *spots) racks_used.insert(racks.topology.value(spot.node, kRack));
    EXPECT_EQ(racks_used.size(), 1U);
    give_back(racks.fleet, *spots);
  }
  for (NodeIndex n = 0; n < nodes; ++n) EXPECT_EQ(racks.fleet.free_milli(n), before[n]);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGang, testing::Range(0U, 200U));

}  // namespace
}  // namespace berth::sched
