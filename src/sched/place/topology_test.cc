#include "sched/place/topology.h"

#include <gtest/gtest.h>

namespace berth::sched {
namespace {

TEST(Topology, NumbersDomainsInTheirOrderAndLeavesOutWhoIsInNone) {
  Topology topology;
  topology.set(0, {"", "a"}, {{"rack", "r2"}});
  topology.set(1, {"", "b"}, {});
  topology.set(2, {"", "c"}, {{"rack", "r1"}});
  topology.set(3, {"", "d"}, {{"rack", "r2"}});
  const DomainNumbers& racks = topology.numbers("rack");
  EXPECT_EQ(racks.of_node, (std::vector<uint32_t>{2, 0, 1, 2}));
  EXPECT_EQ(racks.count, 2U);
  EXPECT_EQ(racks.at(99), 0U);
}

TEST(Topology, NumbersFollowTheLabels) {
  Topology topology;
  topology.set(0, {"", "a"}, {{"rack", "r1"}});
  EXPECT_EQ(topology.numbers("rack").count, 1U);
  topology.set(1, {"", "b"}, {{"rack", "r0"}});
  EXPECT_EQ(topology.numbers("rack").at(0), 2U);
  topology.remove(1);
  EXPECT_EQ(topology.numbers("rack").at(0), 1U);
}

TEST(Topology, EveryNodeIsADomainOfTheHostLevel) {
  Topology topology;
  topology.set(0, {"", "a"}, {});
  topology.set(1, {"", "b"}, {});
  EXPECT_EQ(topology.numbers(kHostLevel).count, 2U);
}

}  // namespace
}  // namespace berth::sched
