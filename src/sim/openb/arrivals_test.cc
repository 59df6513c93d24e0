#include "sim/openb/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "sim/openb/random.h"
#include "sim/openb/test_trace.h"

namespace berth::sim::openb {
namespace {

// `nodes` nodes of one device each, `pods` pods of 400 thousandths.
Trace halves(int32_t nodes, int32_t pods) {
  std::string node_rows;
  std::string pod_rows;
  for (int32_t i = 0; i < nodes; ++i) {
    node_rows += "n" + std::to_string(1000 + i) + ",1,1,1,G2\n";
  }
  for (int32_t i = 0; i < pods; ++i) {
    pod_rows += "p" + std::to_string(1000 + i) + ",0,0,1,400,\n";
  }
  return trace_of(node_rows, pod_rows);
}

TEST(Arrivals, BringsEveryPodOfTheFileFirstThenDrawsUntilTheDemandIsReached) {
  const Trace trace = halves(10, 20);  // 8 devices are asked for, 13 are the end
  const auto order = arrivals(trace, 42, 1300);
  EXPECT_EQ(order.size(), 32U);  // 12.8 devices; one more pod would be past it
  const std::set<int32_t> first(order.begin(), order.begin() + 20);
  EXPECT_EQ(first.size(), 20U);
}

TEST(Arrivals, DropsRandomPodsOfAFileThatAsksForTooMuch) {
  const Trace trace = halves(10, 40);  // 16 devices
  const auto order = arrivals(trace, 42, 1300);
  EXPECT_EQ(order.size(), 32U);
  EXPECT_EQ(std::set<int32_t>(order.begin(), order.end()).size(), 32U);
}

TEST(Arrivals, AreTheSameForASeedOnEveryMachine) {
  const auto order = arrivals(halves(10, 20), 42, 1300);
  EXPECT_EQ(order, arrivals(halves(10, 20), 42, 1300));
  EXPECT_NE(order, arrivals(halves(10, 20), 43, 1300));
  Random random(0);
  EXPECT_EQ(random.next(), 0xe220a8397b1dcdafU);  // the published first number of SplitMix64
}

TEST(Arrivals, DrawEveryPodAboutAsOften) {
  Random random(1);
  std::array<int32_t, 3> drawn{};
  for (int32_t i = 0; i < 30'000; ++i) ++drawn[random.below(3)];
  for (const int32_t count : drawn) EXPECT_NEAR(count, 10'000, 400);
}

TEST(Arrivals, DealNamesBySeedAndDealThemAnewWhenAsked) {
  const Trace trace = trace_of("a,1,1,1,G2\nb,2,1,1,G2\nc,3,1,1,G2\nd,4,1,1,G2\n", "p,0,0,1,1,\n");
  const auto nodes = named_nodes(trace, 42, false);
  EXPECT_EQ(nodes, named_nodes(trace, 42, false));
  EXPECT_NE(nodes, named_nodes(trace, 42, true));
  std::set<int64_t> cpus;
  for (size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(nodes[i].name, trace.nodes[i].name);
    cpus.insert(nodes[i].cpu_milli);
  }
  EXPECT_EQ(cpus.size(), 4U);
}

}  // namespace
}  // namespace berth::sim::openb
