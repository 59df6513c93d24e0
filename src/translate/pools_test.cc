#include "translate/pools.h"

#include <gtest/gtest.h>

#include <vector>

#include "sched/policy/policy.h"

namespace berth::translate {
namespace {

using sched::kInterruptibleLabel;
using sched::kPoolLabel;
using sched::kPriceLabel;
using sched::kRegionLabel;

const Accelerators kGated{{"nvidia.com/gpu", "example.com/npu"}};

Node node(const std::string& name, std::map<std::string, std::string> labels = {},
          std::vector<DeviceCount> counts = {{"nvidia.com/gpu", 8, 8}}) {
  Node made;
  made.meta.name = name;
  made.meta.labels = std::move(labels);
  made.counts = std::move(counts);
  discover(made);
  return made;
}

struct PoolSet {
  std::vector<api::CapacityPool> all;

  // The first one is the oldest.
  PoolSet& pool(const std::string& name, std::map<std::string, std::string> selector,
                const std::string& device_class = "nvidia-h200",
                const std::string& resource = "nvidia.com/gpu") {
    api::CapacityPool made;
    made.meta.name = name;
    made.meta.creation = Instant{Millis{static_cast<int64_t>(all.size())}};
    made.spec.node_selector = std::move(selector);
    made.spec.device_class = device_class;
    made.spec.resource = resource;
    all.push_back(std::move(made));
    return *this;
  }
  Pools settled() const {
    std::vector<const api::CapacityPool*> pools;
    for (auto at = all.rbegin(); at != all.rend(); ++at) pools.push_back(&*at);
    return settle(std::move(pools), kGated);
  }
};

TEST(Pools, ANodeIsWhatItsPoolSays) {
  PoolSet set;
  set.pool("fast", {{"tier", "fast"}}, "nvidia-b300");
  set.all[0].spec.region = "eu";
  set.all[0].spec.interruptible = true;
  set.all[0].spec.micro_usd_per_device_hour = 2'000'000;
  Node in = node("a", {{"tier", "fast"}, {"nvidia.com/gpu.product", "NVIDIA-H200"}});
  EXPECT_FALSE(set.settled().is_right(in));
  EXPECT_TRUE(enter(in, set.settled()));
  EXPECT_EQ(in.device_class, "nvidia-b300");
  EXPECT_EQ(in.devices, 8);
  EXPECT_EQ(in.terms, (PoolTerms{"fast", "eu", true, 2'000'000}));
  const auto labels = to_sched(in).labels;
  EXPECT_EQ(labels.at(kPoolLabel), "fast");
  EXPECT_EQ(labels.at(kRegionLabel), "eu");
  EXPECT_EQ(labels.at(kInterruptibleLabel), "true");
  EXPECT_EQ(labels.at(kPriceLabel), "2000000");
  EXPECT_TRUE(set.settled().is_right(in));
  EXPECT_FALSE(Pools{}.is_right(in));
  EXPECT_FALSE(enter(in, set.settled())) << "nothing is new";
}

TEST(Pools, ANodeOfNoPoolIsWhatItsLabelsSay) {
  PoolSet set;
  set.pool("fast", {{"tier", "fast"}});
  Node out = node("a", {{"tier", "slow"}, {"nvidia.com/gpu.product", "NVIDIA-L40S"}});
  EXPECT_FALSE(enter(out, set.settled()));
  EXPECT_EQ(out.device_class, "nvidia-l40s");
  EXPECT_EQ(out.terms, PoolTerms{});
}

TEST(Pools, ANodeThatLeavesItsPoolIsWhatItsLabelsSayAgain) {
  PoolSet set;
  set.pool("fast", {{"tier", "fast"}}, "nvidia-b300");
  Node leaves = node("a", {{"tier", "fast"}, {"nvidia.com/gpu.product", "NVIDIA-H200"}});
  enter(leaves, set.settled());
  EXPECT_TRUE(enter(leaves, Pools{}));
  EXPECT_EQ(leaves.device_class, "nvidia-h200");
}

TEST(Pools, ThePoolsResourceCountsAlthoughTheNodeHasMoreOfAnother) {
  PoolSet set;
  set.pool("npus", {{"tier", "npu"}}, "example-x1", "example.com/npu");
  Node mixed = node("a", {{"tier", "npu"}}, {{"nvidia.com/gpu", 8, 8}, {"example.com/npu", 2, 3}});
  enter(mixed, set.settled());
  EXPECT_EQ(mixed.resource, "example.com/npu");
  EXPECT_EQ(mixed.devices, 2);
  EXPECT_EQ(mixed.installed, 3);
  Node without = node("b", {{"tier", "npu"}});
  enter(without, set.settled());
  EXPECT_EQ(without.device_class, "example-x1");
  EXPECT_EQ(without.devices, 0) << "it has other devices, which nobody asked for";
}

TEST(Pools, NobodySaysByALabelThatANodeIsInAPool) {
  Node fake = node("a", {{kPoolLabel, "fast"}, {kPriceLabel, "1"}, {"zone", "z"}});
  enter(fake, Pools{});
  EXPECT_EQ(to_sched(fake).labels, (std::map<std::string, std::string>{{"zone", "z"}}));
}

TEST(Pools, WidenWhatWorkWouldLikeAndNotWhatItRequires) {
  PoolSet set;
  set.pool("p", {{"a", "1"}});
  set.all[0].spec.topology = {"zone", "rack"};
  sched::Ask ask{.alternatives = {{"nvidia-h200", {1}}}, .near = sched::Nearness{{"rack"}, true}};
  set.settled().widen(ask);
  EXPECT_EQ(ask.near->levels, (std::vector<std::string>{"rack"}));
  ask.near->required = false;
  set.settled().widen(ask);
  EXPECT_EQ(ask.near->levels, (std::vector<std::string>{"rack", "zone"}));
}

TEST(Pools, AClassCostsWhatItsDearestPoolCosts) {
  PoolSet set;
  set.pool("a", {{"x", "1"}}).pool("b", {{"x", "2"}}).pool("c", {{"x", "3"}});
  set.all[0].spec.micro_usd_per_device_hour = 2;
  set.all[1].spec.micro_usd_per_device_hour = 3;
  EXPECT_EQ(set.settled().dearest_price("nvidia-h200"), 3);
  EXPECT_FALSE(set.settled().dearest_price("nvidia-l40s"));
}

TEST(Pools, AllLabelsOfTheSelectorHaveToMatch) {
  PoolSet set;
  set.pool("p", {{"a", "1"}, {"b", "2"}});
  const Pools pools = set.settled();
  EXPECT_NE(pools.of(node("x", {{"a", "1"}, {"b", "2"}, {"c", "3"}})), nullptr);
  EXPECT_EQ(pools.of(node("x", {{"a", "1"}})), nullptr);
  EXPECT_EQ(pools.of(node("x", {{"a", "1"}, {"b", "3"}})), nullptr);
}

TEST(Pools, TheOlderOfTwoHasTheNodeAndTheYoungerSaysWhichOne) {
  PoolSet set;
  set.pool("older", {{"gpu", "yes"}}).pool("younger", {{"zone", "z"}});
  const Pools pools = set.settled();
  const std::vector<Node> nodes{
      node("a", {{"gpu", "yes"}}), node("b", {{"gpu", "yes"}, {"zone", "z"}}),
      node("c", {{"zone", "z"}}), node("d", {{"gpu", "yes"}, {"zone", "z"}})};
  EXPECT_EQ(pools.of(nodes[1])->name(), "older");
  EXPECT_EQ(pools.of(nodes[2])->name(), "younger");
  const auto found = conflicts(pools, nodes);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.at("younger").reason, "Conflict");
  EXPECT_EQ(found.at("younger").message, "node b belongs to the older CapacityPool older");
}

TEST(Pools, AResourceThatIsNotGatedCountsForNothing) {
  PoolSet set;
  set.pool("loose", {{"tier", "x"}}, "other-x1", "other.com/npu");
  const Pools pools = set.settled();
  EXPECT_EQ(pools.problems.at("loose").reason, "NotGated");
  Node here = node("a", {{"tier", "x"}});
  EXPECT_FALSE(enter(here, pools));
}

TEST(Pools, SayWhichResourceIsBehindAClass) {
  PoolSet set;
  set.pool("npus", {{"tier", "npu"}}, "acme-x1", "example.com/npu");
  const Pools pools = set.settled();
  EXPECT_EQ(pools.resource_of(kGated, "acme-x1"), "example.com/npu");
  EXPECT_EQ(pools.resource_of(kGated, "nvidia-h200"), "nvidia.com/gpu");
  EXPECT_TRUE(pools.has(kGated, "acme-x1", "example.com/npu"));
  EXPECT_FALSE(pools.has(kGated, "acme-x1", "nvidia.com/gpu"));
  EXPECT_TRUE(pools.has(kGated, "nvidia-h200", "nvidia.com/gpu"));
}

TEST(Pools, OrderTheLevelsWiderThanOne) {
  PoolSet set;
  set.pool("p", {{"a", "1"}});
  set.all[0].spec.topology = {"zone", "spine", "rack"};
  const Pools pools = set.settled();
  using Levels = std::vector<std::string>;
  EXPECT_EQ(pools.levels_from("nvidia-h200", "rack"), (Levels{"rack", "spine", "zone"}));
  EXPECT_EQ(pools.levels_from("nvidia-h200", "spine"), (Levels{"spine", "zone"}));
  EXPECT_EQ(pools.levels_from("nvidia-h200", "row"), (Levels{"row"}));
  EXPECT_EQ(pools.levels_from("nvidia-l40s", "rack"), (Levels{"rack"}));
}

}  // namespace
}  // namespace berth::translate
