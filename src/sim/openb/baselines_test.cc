#include "sim/openb/baselines.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/openb/policies.h"
#include "sim/openb/test_trace.h"

namespace berth::sim::openb {
namespace {

NodeState node_with(std::vector<int32_t> free_milli, int64_t cpu_milli = 64'000) {
  NodeState node(Node{.cpu_milli = cpu_milli,
                      .memory_mib = 1000,
                      .devices = static_cast<int32_t>(free_milli.size())});
  std::copy(free_milli.begin(), free_milli.end(), node.free_milli.begin());
  return node;
}

Shape share(int32_t milli) { return {.cpu_milli = 6'400, .devices = 1, .device_milli = milli}; }
Shape whole(int32_t devices) {
  return {.cpu_milli = 6'400, .devices = devices, .device_milli = kWhole};
}
constexpr Shape kCpuOnly{.cpu_milli = 6'400};

TEST(BestFit, TakesWhatIsLeftOfCpuAndDevicesFromAHundred) {
  // (57.6 / 128 + 1.5 / 8) / 2 = 0.31875
  EXPECT_EQ(BestFit().score(node_with({1000, 1000}), share(500)), 68);
  EXPECT_EQ(BestFit().score(node_with({}, 6'400), kCpuOnly), 100);
}

TEST(DotProduct, PrefersNodesWithLittleOfWhatIsAsked) {
  // (0.5 * 0.05 + 0.25 * 0.25) / 2 = 0.04375
  EXPECT_EQ(DotProduct().score(node_with({1000, 1000}), whole(2)), 95);
  EXPECT_EQ(DotProduct().score(node_with({}, 64'000), kCpuOnly), 98);
}

TEST(Packing, PrefersDevicesInUseThenNodesInUseThenEmptyNodes) {
  EXPECT_EQ(Packing().score(node_with({600, 1000}), share(500)), 94);
  EXPECT_EQ(Packing().score(node_with({400, 1000}), share(500)), 49);
  EXPECT_EQ(Packing().score(node_with({1000, 1000, 0}), whole(2)), 48);
  EXPECT_EQ(Packing().score(node_with({1000, 1000}), share(500)), 31);
  EXPECT_EQ(Packing().score(node_with({600, 1000}), kCpuOnly), 0);
}

TEST(Clustering, PrefersNodesWithPodsOfTheSameKindOnly) {
  NodeState node = node_with({1000, 1000, 1000, 1000});
  EXPECT_EQ(Clustering().score(node, share(500)), 37);  // 25 + 25 * (8 - 4) / 8
  node.take(whole(1), 1);
  EXPECT_EQ(Clustering().score(node, share(500)), 15);
  EXPECT_EQ(Clustering().score(node, whole(1)), 90);
  EXPECT_EQ(Clustering().score(node, whole(2)), 15);
  node.take(share(1), 2);
  EXPECT_EQ(Clustering().score(node, share(500)), 65);
  EXPECT_EQ(Clustering().score(node, kCpuOnly), 0);
}

TEST(Scorer, GivesAShareTheTightestDeviceAndOthersTheFirstFreeOnes) {
  BestFit fit;
  EXPECT_EQ(fit.choose(node_with({1000, 700, 600, 600, 400}), share(500)), 0b100U);
  EXPECT_EQ(fit.choose(node_with({500, 1000, 0, 1000, 1000}), whole(2)), 0b1010U);
  EXPECT_EQ(fit.choose(node_with({500}), kCpuOnly), 0U);
}

TEST(NodeState, HoldsCpuMemoryAndModelHard) {
  const NodeState node = node_with({1000, 500}, 6'400);
  EXPECT_TRUE(node.fits(share(500)));
  EXPECT_FALSE(node.fits(whole(2)));
  EXPECT_FALSE(node.fits({.cpu_milli = 6'401}));
  EXPECT_FALSE(node.fits({.memory_mib = 1001}));
  EXPECT_FALSE(node.fits({.devices = 1, .device_milli = 500, .models = 0b10}));
  EXPECT_TRUE(node.fits({.devices = 1, .device_milli = 500, .models = 0b11}));
}

std::unique_ptr<Policy> policy(std::string_view name, const Trace& trace, PolicyOptions options) {
  auto made = make_policy(name, trace, trace.nodes, options);
  EXPECT_TRUE(made);
  return made ? *std::move(made) : nullptr;
}

TEST(ScanPolicy, TakesTheFirstNameAmongEqualScoresUnlessToldToDraw) {
  const Trace trace = trace_of("a,1,1,1,G\nb,1,1,1,G\nc,1,1,1,G\nd,1,1,1,G\n", "p,0,0,1,1000,\n");
  const auto first = policy("bestfit", trace, {});
  EXPECT_EQ(first->place(trace.shapes[0]), (Placement{0, 1}));
  EXPECT_EQ(first->place(trace.shapes[0]), (Placement{1, 1}));
  std::set<int32_t> drawn;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto any = policy("bestfit", trace, {.random_ties = true, .seed = seed});
    drawn.insert(any->place(trace.shapes[0])->node);
  }
  EXPECT_EQ(drawn.size(), 4U);
}

TEST(ScanPolicy, RefusesWhatFitsNowhere) {
  const Trace trace = trace_of("a,1,1,1,G\n", "p,0,0,1,1000,\n");
  for (const auto name : {"fgd", "bestfit", "dotprod", "packing", "clustering", "random"}) {
    const auto any = policy(name, trace, {});
    EXPECT_TRUE(any->place(trace.shapes[0])) << name;
    EXPECT_FALSE(any->place(trace.shapes[0])) << name;
  }
}

// Rates every node for every pod, as the published simulator does.
class Plain final : public Policy {
 public:
  explicit Plain(std::span<const Node> nodes) : nodes_(nodes.begin(), nodes.end()) {}
  std::optional<Placement> place(const Shape& shape) override {
    int32_t best = -1;
    int32_t best_node = -1;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].fits(shape)) continue;
      const int32_t score = scorer_.score(nodes_[i], shape);
      if (score > best) best_node = static_cast<int32_t>(i);
      best = std::max(best, score);
    }
    if (best_node < 0) return std::nullopt;
    NodeState& node = nodes_[static_cast<size_t>(best_node)];
    const DeviceSet devices = scorer_.choose(node, shape);
    node.take(shape, devices);
    return Placement{best_node, devices};
  }

 private:
  std::vector<NodeState> nodes_;
  BestFit scorer_;
};

TEST(ScanPolicy, DecidesAsIfItRatedEveryNodeForEveryPod) {
  const Trace trace =
      trace_of("a,9,9,4,G\nb,9,9,2,G\nc,9,9,8,G\nd,99,9,1,G\ne,99,9,3,G\n",
               "p,1,0,1,300,\nq,0,1,1,700,\nr,0,0,1,1000,\ns,2,0,2,1000,\nt,3,1,0,0,\n");
  const auto scan = policy("bestfit", trace, {});
  Plain plain(trace.nodes);
  Random random(7);
  for (int32_t i = 0; i < 100; ++i) {
    const Shape& shape = trace.shapes[random.below(trace.shapes.size())];
    ASSERT_EQ(scan->place(shape), plain.place(shape)) << i;
  }
}

TEST(Policies, AreMadeByName) {
  const Trace trace = trace_of("a,1,1,1,G\n", "p,0,0,1,1000,\n");
  for (const auto name : policy_names()) EXPECT_TRUE(make_policy(name, trace, trace.nodes, {}));
  EXPECT_EQ(make_policy("best", trace, trace.nodes, {}).error().message,
            "policy best: no such policy");
}

}  // namespace
}  // namespace berth::sim::openb
