#include "sim/openb/trace.h"

#include <gtest/gtest.h>

#include "sim/openb/test_trace.h"

namespace berth::sim::openb {
namespace {

constexpr const char* kNode = "n0,96000,393216,8,G2\n";
constexpr const char* kPod = "p0,1000,2048,1,500,\n";

TEST(Trace, ReadsNodesAndPodsInTheOrderOfTheirNames) {
  const Trace trace = trace_of("n1,96000,393216,8,G2\nn0,64000,262144,2,P100\n",
                               "p2,1000,2048,1,500,\np0,0,0,2,1000,G2|P100\np1,1000,2048,1,500,\n");
  ASSERT_EQ(trace.nodes.size(), 2U);
  EXPECT_EQ(trace.nodes[0].name, "n0");
  EXPECT_EQ(trace.nodes[1],
            (Node{.name = "n1", .cpu_milli = 96'000, .memory_mib = 393'216, .devices = 8}));
  EXPECT_EQ(trace.capacity_milli(), 10'000);
  ASSERT_EQ(trace.pods.size(), 3U);
  EXPECT_EQ(trace.pods[0].name, "p0");
  EXPECT_EQ(trace.shape_of(0).total_milli(), 2000);
}

TEST(Trace, GivesPodsThatAskForTheSameOneShape) {
  const Trace trace = trace_of(kNode, "p0,1000,2048,1,500,\np1,1000,2048,1,500,\np2,0,0,0,0,\n");
  EXPECT_EQ(trace.shapes.size(), 2U);
  EXPECT_EQ(trace.pods[0].shape, trace.pods[1].shape);
  EXPECT_EQ(trace.shape_of(2).id, trace.pods[2].shape);
}

TEST(Trace, AllowsTheModelsThatAPodNamesAndEveryModelWhenItNamesNone) {
  const Trace trace =
      trace_of("n0,1,1,1,G2\nn1,1,1,1,P100\n", "p0,0,0,1,500,P100|A10\np1,0,0,1,500,\n");
  EXPECT_FALSE(trace.shape_of(0).allows(0));
  EXPECT_TRUE(trace.shape_of(0).allows(1));
  EXPECT_TRUE(trace.shape_of(1).allows(0));
}

TEST(Trace, TakesAPodListWithoutModels) {
  const auto nodes = Csv::parse("nodes.csv", std::string(kNodesHeader) + kNode);
  const auto pods =
      Csv::parse("pods.csv", "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np0,1,1,1,1000\n");
  ASSERT_TRUE(nodes && pods);
  EXPECT_TRUE(load_trace(*nodes, *pods));
}

struct Bad {
  std::string nodes;
  std::string pods;
  std::string want_message;
};

class BadTrace : public testing::TestWithParam<Bad> {};

TEST_P(BadTrace, IsRefusedWithFileAndLine) {
  const auto trace = parse_trace(GetParam().nodes, GetParam().pods);
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().code, Code::Invalid);
  EXPECT_EQ(trace.error().message, GetParam().want_message);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadTrace,
    testing::Values(
        Bad{"n0,1,1,8,\n", kPod, "nodes.csv:2: model: want the model of the devices"},
        Bad{"n0,1,1,17,G2\n", kPod, "nodes.csv:2: gpu: want 0 to 16, got 17"},
        Bad{"n0,-1,1,8,G2\n", kPod, "nodes.csv:2: cpu_milli: want 0 to 10000000, got -1"},
        Bad{"n0,1,1,1,G2\nn0,1,1,1,G2\n", kPod, "nodes.csv:3: the name n0 comes twice"},
        Bad{"n0,1,1,0,\n", kPod, "nodes.csv: want a node with devices"},
        Bad{kNode, ",1,1,1,500,\n", "pods.csv:2: want a name"},
        Bad{kNode, "p0,1,1,one,500,\n", "pods.csv:2: num_gpu: want a whole number, got 'one'"},
        Bad{kNode, "p0,1,1,2,500,\n",
            "pods.csv:2: gpu_milli: want 0 without a device, 1 to 1000 of one, 1000 of each of "
            "several"},
        Bad{kNode, "p0,1,1,0,0,\n", "pods.csv: want a pod that asks for a device"}));

TEST(Trace, NamesTheColumnThatIsMissing) {
  const auto nodes = Csv::parse("nodes.csv", "sn,cpu_milli,memory_mib,gpu\nn0,1,1,1\n");
  const auto pods = Csv::parse("pods.csv", std::string(kPodsHeader) + kPod);
  ASSERT_TRUE(nodes && pods);
  EXPECT_EQ(load_trace(*nodes, *pods).error().message, "nodes.csv:1: want a column model");
}

}  // namespace
}  // namespace berth::sim::openb
