#include "sim/openb/fgd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sim/openb/random.h"
#include "sim/openb/test_trace.h"

namespace berth::sim::openb {
namespace {

// The definition, term by term: what a typical pod cannot use of the free devices, on average.
double fragmentation(const NodeState& node, const std::vector<TypicalPod>& typical) {
  double sum = 0;
  double weight = 0;
  for (const TypicalPod& pod : typical) {
    weight += static_cast<double>(pod.count);
    const auto free = static_cast<double>(node.free_total());
    double unusable = free;
    const bool allowed = pod.models == 0 || ((pod.models >> node.model) & 1U) != 0;
    if (pod.devices > 0 && allowed && node.cpu_milli >= pod.cpu_milli &&
        node.devices_with(pod.device_milli) >= pod.devices) {
      unusable = 0;
      for (int32_t i = 0; i < node.devices; ++i) {
        if (node.free_of(i) < pod.device_milli) unusable += node.free_of(i);
      }
    }
    sum += unusable * static_cast<double>(pod.count);
  }
  return sum / weight;
}

int32_t published_score(double before, double after) {
  return static_cast<int32_t>(100.0 / (1.0 + std::exp(-(before - after) / 1000)));
}

Trace mixed_trace() {
  std::string pods;
  const auto add = [&](int32_t count, const std::string& asked) {
    for (int32_t i = 0; i < count; ++i) {
      pods += "p" + std::to_string(pods.size()) + "," + asked + "\n";
    }
  };
  add(30, "2000,1,1,500,");
  add(20, "4000,1,1,810,G");
  add(20, "8000,1,1,1000,");
  add(11, "16000,1,2,1000,T");
  add(10, "32000,1,4,1000,");
  add(9, "1000,1,0,0,");
  return trace_of("a,96000,9,8,G\nb,64000,9,4,T\n", pods);
}

TEST(TypicalPods, AreTheMostFrequentUntilTheShareIsReached) {
  const auto typical = typical_pods(mixed_trace(), 70);
  ASSERT_EQ(typical.size(), 3U);
  EXPECT_EQ(typical[0].count, 30);
  EXPECT_EQ(typical[1].device_milli, 1000);  // as frequent as the next, but larger
  EXPECT_EQ(typical[2].device_milli, 810);
  EXPECT_EQ(typical_pods(mixed_trace(), 71).size(), 4U);
}

class AnyNodeState : public testing::TestWithParam<uint64_t> {};

NodeState random_node(Random& random) {
  NodeState node(Node{.cpu_milli = static_cast<int64_t>(random.below(40'000)),
                      .memory_mib = 9,
                      .devices = static_cast<int32_t>(random.below(9)),
                      .model = static_cast<int32_t>(random.below(2))});
  for (auto& milli : node.free_milli) {
    milli = random.below(3) == 0 ? kWhole : static_cast<int32_t>(random.below(kWhole + 1));
  }
  return node;
}

TEST_P(AnyNodeState, HasTheFragmentationOfTheDefinition) {
  Random random(GetParam());
  const Trace trace = mixed_trace();
  const auto typical = typical_pods(trace, 100);
  const Fragmentation sums(typical, trace.models.size());
  const auto weight = static_cast<double>(sums.weight());
  for (int32_t i = 0; i < 100; ++i) {
    const NodeState node = random_node(random);
    const double exact =
        static_cast<double>(node.free_total()) - static_cast<double>(sums.usable(node)) / weight;
    ASSERT_NEAR(exact, fragmentation(node, typical), 1e-9);
  }
}

TEST_P(AnyNodeState, IsScoredAndGivesDevicesAsPublished) {
  Random random(GetParam());
  const Trace trace = mixed_trace();
  const auto typical = typical_pods(trace, 95);
  Fgd fgd(trace);
  for (int32_t i = 0; i < 300; ++i) {
    const NodeState node = random_node(random);
    const Shape& shape = trace.shapes[random.below(trace.shapes.size())];
    if (!node.fits(shape)) continue;
    const double before = fragmentation(node, typical);
    int32_t want_score = -1;
    DeviceSet want_devices = 0;
    for (int32_t device = 0; device < (shape.is_share() ? node.devices : 1); ++device) {
      DeviceSet devices = 1U << device;
      if (!shape.is_share()) devices = static_cast<Scorer&>(fgd).Scorer::choose(node, shape);
      if (shape.is_share() && node.free_of(device) < shape.device_milli) continue;
      NodeState after = node;
      after.take(shape, devices);
      const int32_t score = published_score(before, fragmentation(after, typical));
      if (score <= want_score) continue;
      want_score = score;
      want_devices = devices;
    }
    ASSERT_EQ(fgd.score(node, shape), want_score);
    ASSERT_EQ(fgd.choose(node, shape), want_devices);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyNodeState, testing::Range(uint64_t{1}, uint64_t{11}));

}  // namespace
}  // namespace berth::sim::openb
