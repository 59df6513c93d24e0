#include "sched/core/pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sched/cpu_class.h"

namespace berth::sched {
namespace {

constexpr const char* kH200 = "nvidia-h200";

// Cluster().node("a", 8).quota("blue", 4).ask("train", "blue", 2, 1)
struct Cluster {
  std::map<NodeId, Node> nodes;
  std::map<NodeId, int64_t> taken;  // devices
  std::vector<Quota> quotas;
  std::vector<Ask> asks;

  Cluster& node(const std::string& name, int64_t devices, int64_t in_use = 0) {
    taken[{"", name}] = in_use;
    nodes[{"", name}] = {.id = {"", name},
                         .device_class = kH200,
                         .devices = devices,
                         .room = {64'000, 1LL << 40},
                         .workers = 110};
    return *this;
  }
  Cluster& quota(const std::string& name, int64_t guaranteed) {
    quotas.push_back({{name}, {}, {{kH200, {.guaranteed = guaranteed}}}});
    return *this;
  }
  Cluster& ask(const std::string& name, const std::string& quota, int workers, int64_t devices,
               int64_t priority = 0) {
    Ask made{.id = {"uid-" + name}, .name = "team/" + name, .priority = priority};
    made.created = Instant{Millis{static_cast<int64_t>(asks.size())}};
    if (!quota.empty()) made.quota = QuotaId{quota};
    made.alternatives = {{kH200, std::vector<int64_t>(static_cast<size_t>(workers), devices)}};
    made.rooms.assign(static_cast<size_t>(workers), {1'000, 1 << 20});
    made.shape = shape_of(made);
    asks.push_back(made);
    return *this;
  }
  std::vector<Decision> run() const {
    World world;
    world.set_quotas(quotas);
    for (const auto& [id, node] : nodes) world.set_node(node);
    for (const auto& [id, devices] : taken) {
      world.set_holder(
          {"on " + id.name, {{id, kH200, devices, {}, ChargeKind::Unmanaged, {}}}, {}});
    }
    std::vector<const Ask*> all;
    for (const Ask& ask : asks) all.push_back(&ask);
    return run_pass(world, all, Instant{});
  }
};

std::vector<std::string> nodes_of(const Decision& decision) {
  std::vector<std::string> names;
  for (const NodeId& node : std::get<Admit>(decision).nodes) names.push_back(node.name);
  return names;
}

Hold held(const Decision& decision) { return std::get<Hold>(decision); }

TEST(SchedulingPass, PrefersTheTightestNodeSoWholeNodesStayFree) {
  const auto d = Cluster().node("a", 8).node("b", 8, 6).quota("q", 8).ask("x", "q", 1, 2).run();
  EXPECT_EQ(nodes_of(d[0]), std::vector<std::string>{"b"});
}

TEST(SchedulingPass, BreaksTiesByTheSmallerName) {
  const auto d = Cluster().node("b", 8).node("a", 8).quota("q", 8).ask("x", "q", 1, 2).run();
  EXPECT_EQ(nodes_of(d[0]), std::vector<std::string>{"a"});
}

TEST(SchedulingPass, SpreadsAGangOverNodesOnlyWhenItMust) {
  const auto d = Cluster().node("a", 4).node("b", 4).quota("q", 8).ask("x", "q", 3, 2).run();
  EXPECT_EQ(nodes_of(d[0]), (std::vector<std::string>{"a", "a", "b"}));
}

TEST(SchedulingPass, PlacesAllWorkersOfAGangOrNone) {
  const auto d =
      Cluster().node("a", 3).quota("q", 8).ask("gang", "q", 4, 1).ask("one", "q", 3, 1).run();
  EXPECT_EQ(held(d[0]).reason, Reason::TooLarge);
  EXPECT_EQ(held(d[0]).message, "wants 4 nvidia-h200, usable nodes have 3 in all");
  EXPECT_EQ(nodes_of(d[1]).size(), 3U) << "the gang that did not fit took nothing";
}

TEST(SchedulingPass, HoldsWhatWouldExceedQuotaAfterAnEarlierPlacement) {
  const auto d =
      Cluster().node("a", 8).quota("q", 4).ask("one", "q", 1, 3).ask("two", "q", 1, 2).run();
  EXPECT_TRUE(std::holds_alternative<Admit>(d[0]));
  EXPECT_EQ(held(d[1]).reason, Reason::OverQuota);
  EXPECT_EQ(held(d[1]).message, "wants 2 nvidia-h200, quota leaves 1");
}

TEST(SchedulingPass, SaysWhenThereIsNoQuota) {
  const auto d = Cluster().node("a", 8).ask("x", "", 1, 1).run();
  EXPECT_EQ(held(d[0]).reason, Reason::NoQuota);
}

TEST(SchedulingPass, TellsFullFromFragmentedFromTooLarge) {
  Cluster full = Cluster().node("a", 4, 3).node("b", 4, 3).quota("q", 100);
  EXPECT_EQ(held(full.ask("x", "q", 1, 3).run()[0]).reason, Reason::NoCapacity);
  Cluster fragmented = Cluster().node("a", 4, 2).node("b", 4, 2).quota("q", 100);
  const auto hold = held(fragmented.ask("x", "q", 1, 3).run()[0]);
  EXPECT_EQ(hold.reason, Reason::Fragmented);
  EXPECT_EQ(hold.message,
            "wants 3 nvidia-h200 for 1 worker, 4 of 8 are free but none fits: no node has 3 free");
}

TEST(SchedulingPass, SaysForWantOfWhatWorkersDoNotFit) {
  Cluster cluster = Cluster().node("a", 2).node("b", 2).node("c", 2).node("d", 2).quota("q", 100);
  cluster.ask("x", "q", 4, 2);
  cluster.asks[0].avoid = {{"", "a"}};
  cluster.asks[0].shape.clear();
  cluster.nodes.at({"", "b"}).room.cpu_milli = 500;
  cluster.nodes.at({"", "c"}).room.memory_bytes = 1;
  const Hold hold = held(cluster.run()[0]);
  EXPECT_EQ(hold.reason, Reason::Fragmented);
  EXPECT_EQ(hold.message,
            "wants 8 nvidia-h200 for 4 workers, 8 of 8 are free but only 1 fit: of 3 nodes with 2 "
            "free 1 avoided since the last plan failed there, 1 without the CPU, 1 without the "
            "memory");
}

TEST(SchedulingPass, AClassThatTheQuotaDoesNotListIsNoDeviceOfIts) {
  Cluster cluster = Cluster().node("a", 8).quota("q", 8).ask("x", "q", 1, 2);
  cluster.asks[0].alternatives[0].device_class = "nvidia-l40s";
  cluster.asks[0].shape = shape_of(cluster.asks[0]);
  const Hold hold = held(cluster.run()[0]);
  EXPECT_EQ(hold.reason, Reason::NoSuchDevice);
  EXPECT_EQ(hold.message,
            "wants 2 nvidia-l40s, quota q has no limit for that class, only for nvidia-h200");
}

TEST(SchedulingPass, AnAskThatNothingServesIsHeldInItsOwnWords) {
  Cluster cluster = Cluster().node("a", 8).quota("q", 8).ask("x", "q", 1, 2).ask("y", "q", 1, 2);
  for (Ask& ask : cluster.asks) {
    ask.alternatives.clear();
    if (ask.name.ends_with("x")) ask.unserved = "wants shares that there are none of";
    ask.shape = shape_of(ask);
  }
  const auto decisions = cluster.run();
  EXPECT_EQ(held(decisions[0]).reason, Reason::NoSuchDevice);
  EXPECT_EQ(held(decisions[0]).message, "wants shares that there are none of");
  EXPECT_EQ(held(decisions[1]).message, "asks for no device that its Quota has a limit for");
}

TEST(SchedulingPass, UsesNoCordonedNode) {
  Cluster cluster = Cluster().node("a", 8).quota("q", 8).ask("x", "q", 1, 1);
  cluster.nodes.at({"", "a"}).usable = false;
  EXPECT_EQ(held(cluster.run()[0]).reason, Reason::NoSuchDevice);
}

TEST(SchedulingPass, AvoidsANodeThatFailedTheLastPlan) {
  Cluster cluster = Cluster().node("a", 8).node("b", 8).quota("q", 8).ask("x", "q", 1, 1);
  cluster.asks[0].avoid = {{"", "a"}};
  cluster.asks[0].shape = shape_of(cluster.asks[0]);
  EXPECT_EQ(nodes_of(cluster.run()[0]), std::vector<std::string>{"b"});
}

TEST(SchedulingPass, CountsCpuBesideDevices) {
  Cluster cluster = Cluster().node("a", 8).quota("q", 8).ask("x", "q", 2, 1);
  cluster.nodes.at({"", "a"}).room.cpu_milli = 1'500;
  EXPECT_EQ(held(cluster.run()[0]).reason, Reason::Fragmented);
}

TEST(SchedulingPass, TakesTheNextClassWhenTheFirstIsFull) {
  Cluster cluster = Cluster().node("a", 2, 2).quota("q", 8).ask("x", "q", 1, 1);
  cluster.nodes[{"", "n"}] = {.id = {"", "n"},
                              .device_class = "ascend-910b",
                              .devices = 8,
                              .room = {64'000, 1LL << 40},
                              .workers = 10};
  cluster.quotas[0].limits["ascend-910b"] = {.guaranteed = 8};
  cluster.asks[0].alternatives.push_back({"ascend-910b", {2}});
  cluster.asks[0].shape = shape_of(cluster.asks[0]);
  const auto d = cluster.run();
  EXPECT_EQ(std::get<Admit>(d[0]).device_class, "ascend-910b");
  EXPECT_EQ(std::get<Admit>(d[0]).counts, std::vector<int64_t>{2});
}

// Workers on CPU alone, where no device is free, on nodes with or without devices.
Cluster with_cpu_nodes(int64_t free_devices) {
  Cluster cluster = Cluster().node("a", 2, 2 - free_devices).quota("q", 8);
  cluster.nodes[{"", "c"}] = {.id = {"", "c"}, .room = {64'000, 1LL << 40}, .workers = 10};
  return cluster;
}

TEST(SchedulingPass, TakesCpuWhereItMayAndNoDeviceIsFree) {
  Cluster full = with_cpu_nodes(0);
  full.ask("x", "q", 3, 1);
  full.asks[0].alternatives.push_back({kCpuClass, {0, 0, 0}});
  full.asks[0].shape = shape_of(full.asks[0]);
  const Admit admit = std::get<Admit>(full.run()[0]);
  EXPECT_EQ(admit.device_class, kCpuClass);
  EXPECT_EQ(admit.counts, (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(admit.nodes.size(), 3U);
  Cluster free = with_cpu_nodes(2);
  free.ask("x", "q", 2, 1);
  free.asks[0].alternatives.push_back({kCpuClass, {0, 0}});
  free.asks[0].shape = shape_of(free.asks[0]);
  EXPECT_EQ(nodes_of(free.run()[0]), (std::vector<std::string>{"a", "a"}));
}

TEST(SchedulingPass, WorkOnCpuAloneNeedsNoLimitAndSaysHowMuchRoomThereIs) {
  Cluster cluster = with_cpu_nodes(0);
  cluster.ask("x", "q", 3, 0);
  cluster.asks[0].alternatives = {{kCpuClass, {0, 0, 0}}};
  cluster.asks[0].rooms.assign(3, {40'000, 1 << 20});
  cluster.asks[0].shape = shape_of(cluster.asks[0]);
  const Hold hold = held(cluster.run()[0]);
  EXPECT_EQ(hold.reason, Reason::NoCapacity);
  EXPECT_EQ(hold.message, "wants room for 3 workers on CPU, usable nodes have it for 2");
}

TEST(SchedulingPass, SaysThatNoDomainOfALevelCanEverTakeTheGang) {
  Cluster cluster = Cluster().node("a", 8).node("b", 8).quota("q", 100);
  cluster.nodes.at({"", "a"}).labels = {{"rack", "r"}};
  const auto why = [&](const std::string& level, int64_t workers) {
    cluster.asks.clear();
    cluster.ask("x", "q", static_cast<int>(workers), 4);
    cluster.asks[0].near = Nearness{{level}, true};
    cluster.asks[0].shape = shape_of(cluster.asks[0]);
    return held(cluster.run()[0]);
  };
  EXPECT_EQ(why("row", 2).reason, Reason::NoSuchDevice);
  EXPECT_EQ(why("row", 2).message,
            "wants 8 nvidia-h200 in one domain of row, no usable node of the class has that label");
  EXPECT_EQ(why("rack", 3).reason, Reason::TooLarge);
  EXPECT_EQ(why("rack", 3).message,
            "wants 12 nvidia-h200 in one domain of rack, the largest has 8");
}

TEST(SchedulingPass, PriorityGoesBeforeAge) {
  const auto d = Cluster()
                     .node("a", 1)
                     .quota("q", 8)
                     .ask("old", "q", 1, 1)
                     .ask("urgent", "q", 1, 1, 100)
                     .run();
  EXPECT_EQ(std::get<Admit>(d[0]).id.uid, "uid-urgent");
  EXPECT_EQ(held(d[1]).id.uid, "uid-old");
}

class RandomCluster : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomCluster, NeverTakesADeviceTwiceAndDoesNotDependOnInputOrder) {
  std::mt19937 random{GetParam()};
  const auto pick = [&](int64_t below) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(below));
  };
  Cluster cluster;
  for (int n = 0; n < 6; ++n) cluster.node("n" + std::to_string(n), 8, pick(8));
  cluster.quota("blue", 20).quota("green", 12);
  for (int a = 0; a < 20; ++a) {
    cluster.ask("j" + std::to_string(a), pick(2) == 0 ? "blue" : "green",
                1 + static_cast<int>(pick(4)), 1 + pick(4), pick(3));
  }
  const auto want = cluster.run();
  std::map<NodeId, int64_t> taken;
  for (const Decision& decision : want) {
    const auto* admit = std::get_if<Admit>(&decision);
    for (size_t w = 0; admit != nullptr && w < admit->nodes.size(); ++w) {
      taken[admit->nodes[w]] += admit->counts[w];
    }
  }
  for (const auto& [id, devices] : taken) {
    EXPECT_LE(devices, cluster.nodes.at(id).devices - cluster.taken.at(id)) << id.name;
  }
  std::shuffle(cluster.asks.begin(), cluster.asks.end(), random);
  EXPECT_EQ(cluster.run(), want);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomCluster, ::testing::Range(0U, 100U));

}  // namespace
}  // namespace berth::sched
