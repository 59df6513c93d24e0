#include "sim/openb/lp_bound.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "sim/csv.h"

namespace berth::sim {
namespace {

BoundNode node(int devices, int cores = 96, const std::string& type = "a") {
  return {.cpu_milli = cores * 1000, .memory_mib = 1000, .devices = devices, .type = type};
}
BoundPod pod(int devices, int64_t milli, int cores = 0, std::vector<std::string> types = {}) {
  return {.cpu_milli = cores * 1000,
          .devices = devices,
          .milli_each = milli,
          .types = std::move(types)};
}
double percent(const std::vector<BoundNode>& nodes, const std::vector<BoundPod>& pods) {
  const Result<PackingBound> bound = packing_bound(nodes, pods);
  EXPECT_TRUE(bound);
  return bound ? bound->percent : -1;
}

TEST(PackingBound, IsTheDemandWhereAllOfItFits) {
  EXPECT_NEAR(percent({node(8)}, {pod(1, 1000), pod(1, 500), pod(4, 1000)}), 100 * 5.5 / 8, 0.01);
}

TEST(PackingBound, KnowsThatBigSharesStrandTheRestOfADevice) {
  EXPECT_NEAR(percent({node(2)}, std::vector<BoundPod>(5, pod(1, 810))), 81, 0.01);
}

TEST(PackingBound, KnowsThatPodsOfSeveralDevicesStayOnOneNode) {
  EXPECT_NEAR(percent({node(8), node(8)}, std::vector<BoundPod>(9, pod(5, 1000))), 62.5, 0.01);
  EXPECT_NEAR(percent({node(2), node(2)}, {pod(4, 1000)}), 0, 0.01);
}

TEST(PackingBound, KnowsThatANodeCannotUseTheCpuOfAnother) {
  const std::vector<BoundPod> pods(16, pod(1, 1000, 24));
  EXPECT_NEAR(percent({node(8, 48), node(8, 0, "b")}, pods), 100 * 2.0 / 16, 0.01);
}

TEST(PackingBound, KeepsToTheTypesAPodAllows) {
  const std::vector<BoundPod> pods(8, pod(1, 1000, 0, {"b", "c"}));
  EXPECT_NEAR(percent({node(2), node(2, 96, "b"), node(2, 96, "d")}, pods), 100 * 2.0 / 6, 0.01);
}

TEST(PackingBound, LeavesOutPodsThatAskForNoDevice) {
  EXPECT_NEAR(percent({node(1, 4)}, {pod(0, 0, 4), pod(1, 1000, 4)}), 100, 0.01);
}

TEST(PackingBound, RefusesNodesWithoutDevicesAndPodsOfNothing) {
  const std::vector<BoundNode> one{node(1)};
  EXPECT_FALSE(packing_bound({}, {}));
  EXPECT_FALSE(packing_bound(std::vector{node(0)}, {}));
  EXPECT_FALSE(packing_bound(one, std::vector{pod(1, 0)}));
  EXPECT_FALSE(packing_bound(one, std::vector{pod(2, 500)}));
  EXPECT_FALSE(packing_bound(one, std::vector{pod(-1, 1000)}));
}

// A bound that stops early is looser, never wrong.
TEST(PackingBound, HoldsAfterAnyNumberOfRounds) {
  std::vector<BoundPod> pods(6, pod(1, 810));
  pods.insert(pods.end(), 4, pod(1, 190));
  for (int rounds = 0; rounds < 8; ++rounds) {
    const Result<PackingBound> bound =
        packing_bound(std::vector{node(8)}, pods, {.rounds_max = rounds});
    ASSERT_TRUE(bound);
    EXPECT_GE(bound->percent, 100 * (6 * 0.81 + 4 * 0.19) / 8 - 0.001);
    EXPECT_GE(bound->percent, bound->relaxed_percent);
  }
}

class RandomPackings : public testing::TestWithParam<unsigned> {};

// First fit in any order is one placement, so never above the bound.
TEST_P(RandomPackings, AreNeverAboveTheBound) {
  std::mt19937 random(GetParam());
  const auto number = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  std::vector<BoundNode> nodes;
  for (int i = 0; i < 4; ++i) nodes.push_back(node(number(1, 4), number(4, 12)));
  std::vector<BoundPod> pods;
  for (int i = 0; i < 20; ++i) {
    const bool is_share = number(0, 1) == 0;
    pods.push_back(is_share ? pod(1, number(1, 9) * 100, number(0, 3))
                            : pod(number(1, 3), 1000, number(0, 4)));
  }
  int64_t devices = 0;
  int64_t placed = 0;
  std::vector<std::vector<int64_t>> free;
  for (const BoundNode& each : nodes) {
    free.emplace_back(size_t(each.devices), 1000);
    devices += each.devices;
  }
  std::vector<BoundNode> left = nodes;
  for (const BoundPod& each : pods) {
    for (size_t n = 0; n < nodes.size(); ++n) {
      std::vector<int64_t*> fits;
      for (int64_t& milli : free[n]) {
        if (milli >= each.milli_each) fits.push_back(&milli);
      }
      if (fits.size() < size_t(each.devices) || left[n].cpu_milli < each.cpu_milli) continue;
      for (int d = 0; d < each.devices; ++d) *fits[size_t(d)] -= each.milli_each;
      left[n].cpu_milli -= each.cpu_milli;
      placed += each.devices * each.milli_each;
      break;
    }
  }
  EXPECT_GE(percent(nodes, pods), double(placed) / double(devices * 10) - 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPackings, testing::Range(1U, 41U));

std::string openb_folder() {
  for (const char* at : {"../shared/traces/openb", "../../shared/traces/openb"}) {
    if (std::filesystem::exists(at)) return at;
  }
  return {};
}

TEST(PackingBound, OfTheOpenbClusterLiesBetweenTheBestPlacementKnownAndItsDemand) {
  const std::string folder = openb_folder();
  if (folder.empty()) GTEST_SKIP() << "no openb trace beside the repository";
  const Result<Csv> node_list = Csv::read(folder + "/openb_node_list_gpu_node.csv");
  const Result<Csv> pod_list = Csv::read(folder + "/openb_pod_list_default.csv");
  ASSERT_TRUE(node_list && pod_list);
  std::vector<BoundNode> nodes;
  for (size_t row = 0; row < node_list->rows(); ++row) {
    nodes.push_back({.cpu_milli = *node_list->integer(row, 1),
                     .memory_mib = *node_list->integer(row, 2),
                     .devices = int(*node_list->integer(row, 3)),
                     .type = std::string(node_list->cell(row, 4))});
  }
  std::vector<BoundPod> pods;
  for (size_t row = 0; row < pod_list->rows(); ++row) {
    pods.push_back({.cpu_milli = *pod_list->integer(row, 1),
                    .memory_mib = *pod_list->integer(row, 2),
                    .devices = int(*pod_list->integer(row, 3)),
                    .milli_each = *pod_list->integer(row, 4)});
  }
  const Result<PackingBound> bound = packing_bound(nodes, pods);
  ASSERT_TRUE(bound);
  EXPECT_GT(bound->percent, 95.0);
  EXPECT_LT(bound->percent, 97.0);  // the file asks for 97.98 % of the cluster
  EXPECT_LT(bound->percent - bound->relaxed_percent, 0.01);
}

}  // namespace
}  // namespace berth::sim
