#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/codec.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "translate/read_json.h"

// Nodes that CapacityPools take together, and work that runs beside devices.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using translate::object_at;
using translate::text_at;

constexpr const char* kRackLabel = "example.com/rack";
constexpr const char* kB300 = "nvidia-b300";

class PoolStory : public testing::Test {
 protected:
  using PoolChange = std::function<void(api::CapacityPool&)>;

  void TearDown() override { EXPECT_THAT(cluster.broken(), IsEmpty()); }

  // Of the nodes of one rack.
  void pool(const std::string& name, const std::string& rack, const PoolChange& change = {}) {
    api::CapacityPool made;
    made.meta.name = name;
    made.spec.node_selector = {{kRackLabel, rack}};
    made.spec.device_class = kB300;
    made.spec.resource = "nvidia.com/gpu";
    made.spec.topology = {kRackLabel, "kubernetes.io/hostname"};
    if (change) change(made);
    Json object = api::to_json(made);
    object.erase("status");
    EXPECT_EQ(cluster.server.handle(kube::create(kube::kCapacityPools, object)).status, 201);
  }
  api::CapacityPool seen(const std::string& name) {
    const Json* found = cluster.server.find(kube::kCapacityPools, "", name);
    if (found == nullptr) return {};
    Json object = *found;
    object["apiVersion"] = "berth.dev/v1alpha1";
    object["kind"] = "CapacityPool";
    return *api::from_json<api::CapacityPool>(object);
  }
  std::string ready(const std::string& name) {
    const api::CapacityPool pool = seen(name);
    const api::Condition* condition = api::find_condition(pool.status.conditions, "Ready");
    if (condition == nullptr) return "absent";
    return (condition->is_true() ? "True " : "False ") + condition->reason;
  }
  std::string message(const std::string& job) {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* held = api::find_condition(seen.status.conditions, "Admitted");
    return held == nullptr ? "" : held->message;
  }
  // Of both classes.
  void quota(const std::string& name, int64_t devices) {
    cluster.quota(name, devices, [&](api::Quota& quota) {
      quota.spec.limits.push_back({.device_class = kB300, .guaranteed = devices});
    });
  }
  static Cluster::JobChange asks(const std::string& device_class) {
    return [device_class](api::GpuJob& job) {
      job.spec.worker.devices[0].device_class = device_class;
    };
  }
  std::string node_of(const std::string& job) {
    const api::GpuJob seen = cluster.job_named(job);
    return seen.status.placement ? seen.status.placement->workers[0].node : "";
  }
  void cpu_node(const std::string& name) {
    const Json status = {{"allocatable", {{"cpu", "64"}, {"memory", "512Gi"}, {"pods", "110"}}},
                         {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
    cluster.server.handle(kube::create(
        kube::kNodes,
        {{"metadata", {{"name", name}}}, {"spec", Json::object()}, {"status", status}}));
  }

  Cluster cluster;
};

TEST_F(PoolStory, WorkForAPoolsClassRunsOnItsNodes) {
  cluster.node("a", 8, "r1").node("b", 8, "r2");
  pool("new", "r2");
  quota("blue", 8);
  cluster.job("old", 1, 2).job("new", 1, 2, asks(kB300)).pass(seconds(1));
  EXPECT_EQ(node_of("old"), "a");
  EXPECT_EQ(node_of("new"), "b");
  const Json& container = cluster.pod("new-1-0").at("spec").at("containers").at(0);
  EXPECT_EQ(text_at(object_at(object_at(container, "resources"), "limits"), "nvidia.com/gpu"), "2");
}

TEST_F(PoolStory, APoolSaysWhatItHasAndWhatIsLeftTogether) {
  cluster.node("a", 8, "r1").node("b", 8, "r1").node("c", 8, "r2");
  pool("h200", "r1", [](auto& pool) { pool.spec.device_class = kH200; });
  cluster.quota("blue", 24).job("train", 1, 6).pass(seconds(10));
  const api::CapacityPoolStatus status = seen("h200").status;
  EXPECT_EQ(ready("h200"), "True Available");
  EXPECT_EQ(status.capacity, 16);
  EXPECT_EQ(status.healthy, 16);
  EXPECT_EQ(status.allocated, node_of("train") == "c" ? 0 : 6);
  ASSERT_EQ(status.largest_gang.size(), 2U);
  EXPECT_EQ(status.largest_gang[0].devices, 16 - status.allocated);
  EXPECT_EQ(status.largest_gang[1].devices, 8);
  EXPECT_TRUE(status.fragmentation_percent);
}

TEST_F(PoolStory, ThePoolThatCannotCountSaysWhy) {
  cluster.node("a", 8, "r1");
  pool("older", "r1");
  cluster.pass(seconds(2));
  pool("younger", "r1");
  pool("loose", "r1", [](auto& pool) { pool.spec.resource = "other.com/npu"; });
  pool("empty", "r9");
  cluster.pass(seconds(10));
  EXPECT_EQ(ready("older"), "True Available");
  EXPECT_EQ(ready("younger"), "False Conflict");
  EXPECT_EQ(ready("loose"), "False NotGated");
  EXPECT_EQ(ready("empty"), "False NoNodes");
  EXPECT_EQ(seen("younger").status.capacity, 0);
}

TEST_F(PoolStory, WorkRunsOnWhenItsNodesComeIntoAPoolAndLeaveIt) {
  cluster.node("a", 8, "r1");
  quota("blue", 8);
  cluster.job("runs", 1, 4).settle();
  pool("new", "r1");
  cluster.job("next", 1, 4, asks(kB300)).job("late", 1, 1).pass(seconds(6));
  EXPECT_EQ(cluster.said("runs", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(node_of("next"), "a") << "four of the eight are still taken";
  EXPECT_EQ(cluster.said("late", "Admitted"), "False NoSuchDevice");
  EXPECT_EQ(seen("new").status.allocated, 8);
  cluster.remove(kube::kCapacityPools, "new").finish("next-1-0", 0).pass(seconds(6));
  EXPECT_EQ(node_of("late"), "a") << "its class is there again";
  EXPECT_EQ(cluster.said("runs", "Ready"), "True AllWorkersReady");
}

TEST_F(PoolStory, ANewLeaderFindsTheNodesInTheirPools) {
  cluster.node("a", 8, "r1").node("b", 8, "r2");
  pool("new", "r2");
  quota("blue", 8);
  cluster.job("runs", 1, 4, asks(kB300)).settle();
  cluster.first().crash();
  cluster.job("next", 1, 4, asks(kB300)).start_operator("operator-1");
  EXPECT_TRUE(cluster.until([&] { return node_of("next") == "b"; }));
  EXPECT_EQ(cluster.said("runs", "Ready"), "True AllWorkersReady");
}

TEST_F(PoolStory, APodThatNamesAResourceFindsTheClassOfItsPool) {
  cluster.node("a", 8, "r1");
  pool("new", "r1", [](auto& pool) { pool.spec.device_class = "acme-x1"; });
  cluster.quota("blue", 0, [](api::Quota& quota) {
    quota.spec.limits = {{.device_class = "acme-x1", .guaranteed = 4}};
  });
  cluster.gated_pod("notebook", 2).pass(seconds(3));
  EXPECT_EQ(cluster.used("blue"), 2);
}

TEST_F(PoolStory, StatusIsWrittenNowAndThenHoweverMuchHappens) {
  for (int i = 0; i < 4; ++i) cluster.node("n" + std::to_string(i), 8, "r1");
  pool("h200", "r1", [](auto& pool) { pool.spec.device_class = kH200; });
  cluster.quota("blue", 32).pass(seconds(6));
  int64_t writes = 0;
  uint64_t version = 0;
  cluster.after_step = [&](Process&) {
    const std::string now = seen("h200").meta.resource_version;
    if (std::stoull(now) != version) ++writes;
    version = std::stoull(now);
  };
  for (int i = 0; i < 60; ++i) {
    const std::string name = "j" + std::to_string(i);
    cluster.behaves(name, {.runs = seconds(3), .exits = {}}).job(name, 1, 1).pass(seconds(1));
  }
  cluster.after_step = {};
  EXPECT_LE(writes, 60 / 5 + 2);
  EXPECT_GE(writes, 3);
  cluster.pass(seconds(20));
  EXPECT_EQ(seen("h200").status.allocated, 0);
}

TEST_F(PoolStory, ALevelThatNoNodeHasIsSaidAndSoIsATooSmallOne) {
  cluster.node("a", 8, "r1").node("b", 8, "r1").quota("blue", 64);
  const auto near = [](const std::string& level) {
    return [level](api::GpuJob& job) {
      job.spec.topology = api::Topology{level, api::TopologyMode::Required};
    };
  };
  cluster.job("nowhere", 2, 2, near("example.com/row"));
  cluster.job("large", 2, 8, near("kubernetes.io/hostname")).pass(seconds(3));
  EXPECT_EQ(cluster.said("nowhere", "Admitted"), "False NoSuchDevice");
  EXPECT_EQ(message("nowhere"),
            "wants 4 nvidia-h200 in one domain of example.com/row, no usable node of the class has "
            "that label");
  EXPECT_EQ(cluster.said("large", "Admitted"), "False TooLarge");
  EXPECT_EQ(message("large"),
            "wants 16 nvidia-h200 in one domain of kubernetes.io/hostname, the largest has 8");
}

TEST_F(PoolStory, WorkThatTellsSpeedsRunsWhereItCostsLeast) {
  cluster.node("a", 8, "r1").node("b", 8, "r2");
  const auto costs = [](const std::string& device_class, int64_t micro_usd) {
    return [=](api::CapacityPool& pool) {
      pool.spec.device_class = device_class;
      pool.spec.micro_usd_per_device_hour = micro_usd;
    };
  };
  pool("old", "r1", costs(kH200, 2'000'000));
  pool("new", "r2", costs(kB300, 5'000'000));
  quota("blue", 8);
  const auto may = [](int64_t speed_of_b300) {
    return [=](api::GpuJob& job) {
      job.spec.worker.devices.push_back(
          {.device_class = kB300, .count = 2, .speed_percent = speed_of_b300});
    };
  };
  cluster.pass(minutes(1)).job("fast", 1, 2, may(300)).job("even", 1, 2, may(110)).settle();
  EXPECT_EQ(node_of("fast"), "b") << "three times as fast for two and a half times the price";
  EXPECT_EQ(node_of("even"), "a");
}

TEST_F(PoolStory, WorkRunsInItsLocationsOnly) {
  cluster.node("a", 8, "r1").node("b", 8, "r2");
  const auto in = [](const std::string& region) {
    return [=](api::CapacityPool& pool) {
      pool.spec.device_class = kH200;
      pool.spec.region = region;
    };
  };
  pool("east", "r1", in("east"));
  pool("west", "r2", in("west"));
  cluster.quota("blue", 64);
  const auto only = [](const std::vector<std::string>& locations) {
    return [=](api::GpuJob& job) { job.spec.locations = locations; };
  };
  cluster.job("there", 1, 6, only({"west"})).settle();
  cluster.job("held", 1, 4, only({"north", "west"}));
  cluster.job("nowhere", 1, 1, only({"south"})).pass(seconds(3));
  EXPECT_EQ(node_of("there"), "b");
  EXPECT_EQ(cluster.said("held", "Admitted"), "False NoCapacity");
  EXPECT_EQ(message("held"), "wants 4 nvidia-h200 in north or west, 2 of 8 are free");
  EXPECT_EQ(cluster.said("nowhere", "Admitted"), "False NoSuchDevice");
  EXPECT_EQ(message("nowhere"), "wants 1 nvidia-h200 in south, no usable node has any");
}

TEST_F(PoolStory, AJobEndsWhenItsMoneyIsSpent) {
  cluster.node("a", 8, "r1");
  pool("h200", "r1", [](api::CapacityPool& pool) {
    pool.spec.device_class = kH200;
    pool.spec.micro_usd_per_device_hour = 3'600'000;
  });
  cluster.quota("blue", 8).job("train", 1, 2, [](api::GpuJob& job) {
    job.spec.limits.max_micro_usd = 120'000;  // a minute of two devices
  });
  cluster.pass(seconds(58));
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  cluster.pass(seconds(10));
  EXPECT_EQ(cluster.said("train", "Failed"), "True CostExceeded");
  const auto cost = cluster.job_named("train").status.cost;
  ASSERT_TRUE(cost.has_value());
  EXPECT_GE(cost->micro_usd, 120'000);
  EXPECT_LE(cost->micro_usd, 124'000);
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(PoolStory, WorkThatIsDoneSoonerOnAFasterClassWaitsForIt) {
  cluster.node("a", 8, "r1").node("b", 8, "r2");
  pool("new", "r2");
  quota("blue", 16);
  cluster.job("now", 1, 8, [](api::GpuJob& job) {
    job.spec.worker.devices[0].device_class = kB300;
    job.spec.limits.max_runtime_seconds = 600;
  });
  cluster.settle().job("patient", 1, 8, [](api::GpuJob& job) {
    job.spec.worker.devices[0].device_class = kB300;
    job.spec.worker.devices.push_back({.device_class = kH200, .count = 8, .speed_percent = 10});
    job.spec.limits.max_runtime_seconds = 36'000;
  });
  cluster.pass(seconds(5));
  EXPECT_EQ(cluster.said("patient", "Admitted"), "False NoCapacity");
  EXPECT_TRUE(cluster.until([&] { return node_of("patient") == "b"; }, minutes(15)));
}

TEST_F(PoolStory, WorkThatMayRunsOnCpuWhereNoDeviceIsFree) {
  const auto or_cpu = [](const std::string& cores) {
    return [cores](api::GpuJob& job) {
      job.spec.worker.devices.push_back({.device_class = "cpu"});
      job.spec.worker.resources.cpu = cores;
    };
  };
  cluster.node("a", 2, "r1");
  cpu_node("plain");
  cluster.quota("blue", 2).job("first", 1, 2, or_cpu("60")).settle();
  cluster.job("second", 2, 1, or_cpu("30")).pass(seconds(2));
  EXPECT_EQ(node_of("first"), "a");
  EXPECT_EQ(node_of("second"), "plain");
  EXPECT_EQ(cluster.job_named("second").status.placement->workers[0].device_class, "cpu");
  EXPECT_THAT(cluster.live_pods(), ElementsAre("first-1-0", "second-1-0", "second-1-1"));
  EXPECT_EQ(cluster.used("blue"), 2) << "CPU is charged to nobody";
  cluster.job("large", 1, 1, [](api::GpuJob& job) {
    job.spec.worker.devices = {{.device_class = "cpu"}};
    job.spec.worker.resources.cpu = "500";
  });
  cluster.pass(seconds(3));
  EXPECT_EQ(cluster.said("large", "Admitted"), "False NoCapacity");
}

}  // namespace
}  // namespace berth::integration
