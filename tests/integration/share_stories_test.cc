#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/codec.h"
#include "kube/request.h"
#include "sched/fleet/need.h"
#include "tests/integration/cluster.h"
#include "translate/read_json.h"

// Work that asks for a part of a device, on nodes whose devices are cut.
namespace berth::integration {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using translate::object_at;
using translate::text_at;

constexpr const char* kGpu = "nvidia.com/gpu";
constexpr const char* kSmall = "nvidia.com/mig-1g.18gb";
constexpr const char* kHalf = "nvidia.com/mig-3g.71gb";
constexpr const char* kSmallClass = "nvidia-h200/mig-1g.18gb";
constexpr const char* kHalfClass = "nvidia-h200/mig-3g.71gb";
constexpr int64_t kUsd = 1'000'000;

class ShareStory : public testing::Test {
 protected:
  // Operators of a chart that lists the shares among the accelerators.
  ShareStory() {
    cluster.settings.accelerators.resources = {kGpu, kSmall, kHalf};
    cluster.first().crash();
    Process& next = cluster.start_operator("operator-1");
    EXPECT_TRUE(cluster.until([&] { return next.program->is_leading(); }));
  }
  void TearDown() override { EXPECT_THAT(cluster.broken(), IsEmpty()); }

  void node(const std::string& name, const std::string& resource, int64_t count,
            const Json& taints = Json::array()) {
    Json amounts = {{"cpu", "64"}, {"memory", "512Gi"}, {"pods", "110"}, {kGpu, "0"}};
    amounts[resource] = std::to_string(count);
    const Json status = {{"allocatable", amounts},
                         {"capacity", amounts},
                         {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
    const kube::Response made = cluster.server.handle(
        kube::create(kube::kNodes, {{"metadata", {{"name", name}, {"labels", {{"pool", "h200"}}}}},
                                    {"spec", {{"taints", taints}}},
                                    {"status", status}}));
    EXPECT_EQ(made.status, 201) << made.body;
  }
  static api::CapacityPool h200() {
    api::CapacityPool made;
    made.meta.name = "h200";
    made.spec.node_selector = {{"pool", "h200"}};
    made.spec.device_class = kH200;
    made.spec.resource = kGpu;
    made.spec.shares = {{kSmall, "18Gi", 14}, {kHalf, "71Gi", 43}};
    made.spec.micro_usd_per_device_hour = 2 * kUsd;
    return made;
  }
  void pool(const api::CapacityPool& made = h200()) {
    Json object = api::to_json(made);
    object.erase("status");
    EXPECT_EQ(cluster.server.handle(kube::create(kube::kCapacityPools, object)).status, 201);
  }
  api::CapacityPool seen() {
    Json object = *cluster.server.find(kube::kCapacityPools, "", "h200");
    object["apiVersion"] = "berth.dev/v1alpha1";
    object["kind"] = "CapacityPool";
    return *api::from_json<api::CapacityPool>(object);
  }
  void quota(std::vector<api::QuotaLimit> limits, const Cluster::QuotaChange& change = {}) {
    cluster.quota("blue", 0, [&](api::Quota& made) {
      made.spec.limits = std::move(limits);
      if (change) change(made);
    });
  }
  static api::QuotaLimit limit(const std::string& device_class, int64_t guaranteed) {
    return {.device_class = device_class, .guaranteed = guaranteed};
  }
  static Cluster::JobChange share(const std::string& memory, int64_t percent) {
    return [=](api::GpuJob& job) {
      job.spec.worker.devices[0].share = api::DeviceShare{memory, percent};
    };
  }
  api::PlacedWorker place_of(const std::string& job) {
    const auto placement = cluster.job_named(job).status.placement;
    return placement ? placement->workers[0] : api::PlacedWorker{};
  }
  std::string why(const std::string& job) {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* held = api::find_condition(seen.status.conditions, "Admitted");
    return held == nullptr ? "" : held->reason + ": " + held->message;
  }
  int64_t used(const std::string& device_class) {
    for (const api::QuotaUse& use : cluster.quota_named("blue").status.limits) {
      if (use.device_class == device_class) return use.used;
    }
    return 0;
  }

  Cluster cluster;
};

TEST_F(ShareStory, AJobGetsTheSmallestShareThatHasAsMuchOnANodeThatIsCut) {
  node("whole", kGpu, 8);
  node("small", kSmall, 56, {{{"key", kGpu}, {"effect", "NoSchedule"}}});
  node("half", kHalf, 16);
  pool();
  quota({limit(kH200, 8), limit(kSmallClass, 8), limit(kHalfClass, 8)});
  cluster.job("tiny", 1, 2, share("10Gi", 10)).job("large", 1, 1, share("20Gi", 10));
  cluster.job("all", 1, 8).pass(seconds(6));
  EXPECT_EQ(place_of("tiny").node, "small");
  EXPECT_EQ(place_of("tiny").device_class, kSmallClass);
  EXPECT_EQ(place_of("large").device_class, kHalfClass);
  EXPECT_EQ(place_of("all").node, "whole");
  const Json& spec = cluster.pod("tiny-1-0").at("spec");
  EXPECT_EQ(
      text_at(object_at(object_at(spec.at("containers").at(0), "resources"), "limits"), kSmall),
      "2");
  EXPECT_EQ(spec.at("tolerations").size(), 2U) << "of the share's and of whole devices' taint";
  EXPECT_EQ(cluster.said("tiny", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(used(kSmallClass), 2);
  EXPECT_EQ(used(kHalfClass), 1);
  EXPECT_EQ(used(kH200), 8);
  const api::CapacityPoolStatus status = seen().status;
  EXPECT_EQ(status.capacity, 8);
  EXPECT_EQ(status.allocated, 8);
  const std::vector<api::PoolShareUse> want{{kSmall, kSmallClass, 56, 56, 2},
                                            {kHalf, kHalfClass, 16, 16, 1}};
  EXPECT_EQ(status.shares, want);
}

TEST_F(ShareStory, AShareThatIsTakenGivesWayToTheNextLarger) {
  node("small", kSmall, 1);
  node("half", kHalf, 2);
  pool();
  quota({limit(kSmallClass, 8), limit(kHalfClass, 8)});
  cluster.job("first", 1, 1, share("10Gi", 10)).settle();
  cluster.job("second", 1, 1, share("10Gi", 10)).settle();
  EXPECT_EQ(place_of("first").device_class, kSmallClass);
  EXPECT_EQ(place_of("second").device_class, kHalfClass);
}

TEST_F(ShareStory, WhatNoShareServesIsHeldUntilAPoolNamesOne) {
  node("half", kHalf, 2);
  api::CapacityPool made = h200();
  made.spec.shares = {{kSmall, "18Gi", 14}};
  pool(made);
  quota({limit(kH200, 8), limit(kHalfClass, 8)});
  cluster.job("train", 1, 1, share("40Gi", 40)).pass(seconds(3));
  EXPECT_EQ(why("train"),
            "NoSuchDevice: wants shares of nvidia-h200 with 40Gi and 40%, the largest that a "
            "CapacityPool names is mig-1g.18gb with 18Gi and 14%");
  cluster.server.handle(kube::patch_merge(kube::kCapacityPools, "", "h200",
                                          {{"spec", api::to_json(h200()).at("spec")}}));
  EXPECT_TRUE(cluster.until([&] { return place_of("train").node == "half"; }, seconds(10)));
}

TEST_F(ShareStory, AQuotaCountsSharesByTheirOwnClassAndTheJobSaysWhichToList) {
  node("small", kSmall, 56);
  pool();
  quota({limit(kH200, 8)});
  cluster.job("train", 1, 1, share("10Gi", 10)).pass(seconds(3));
  EXPECT_EQ(why("train"),
            "NoSuchDevice: wants 1 nvidia-h200/mig-1g.18gb, quota blue has no limit for that "
            "class, only for nvidia-h200");
  cluster.change_quota("blue",
                       [](auto& quota) { quota.spec.limits.push_back(limit(kSmallClass, 3)); });
  cluster.job("more", 1, 3, share("10Gi", 10)).pass(seconds(3));
  EXPECT_EQ(place_of("train").node, "small");
  EXPECT_EQ(why("more"), "OverQuota: wants 3 nvidia-h200/mig-1g.18gb, quota leaves 2");
}

TEST_F(ShareStory, AShareCostsItsPartOfTheDevice) {
  node("half", kHalf, 16);
  pool();
  quota({limit(kHalfClass, 8)}, [](api::Quota& quota) {
    quota.spec.budget = api::Budget{.device_hours = {}, .micro_usd = 100 * kUsd};
  });
  cluster.job("train", 1, 2, share("40Gi", 40)).pass(hours(2));
  const auto& spent = cluster.quota_named("blue").status.budget_used;
  ASSERT_TRUE(spent);
  EXPECT_NEAR(static_cast<double>(spent->micro_usd), 2 * 2 * 0.43 * 2 * kUsd, 0.05 * kUsd);
}

TEST_F(ShareStory, APodThatNamesTheResourceItselfIsGatedAndCountedTheSame) {
  node("small", kSmall, 4);
  pool();
  quota({limit(kH200, 8), limit(kSmallClass, 3)});
  const Json container = {{"name", "main"},
                          {"image", "example/notebook:1"},
                          {"resources", {{"limits", {{kSmall, "2"}}}}}};
  const kube::Response made = cluster.server.handle(
      kube::create(kube::kPods, {{"metadata", {{"name", "notebook"}, {"namespace", "blue"}}},
                                 {"spec",
                                  {{"schedulerName", cluster.settings.scheduler_name},
                                   {"schedulingGates", {{{"name", translate::kGate}}}},
                                   {"containers", {container}}}}}));
  EXPECT_EQ(made.status, 201) << made.body;
  cluster.pass(seconds(3));
  EXPECT_EQ(used(kSmallClass), 2);
  EXPECT_EQ(used(kH200), 0);
}

TEST_F(ShareStory, MoreSharesThanANodeMayHaveAreNotGivenOutAndThePoolSaysSo) {
  node("small", kSmall, 70);
  pool();
  quota({limit(kSmallClass, 100)});
  cluster.job("train", 1, sched::kMostDevicesPerNode, share("10Gi", 10)).settle();
  cluster.job("next", 1, 1, share("10Gi", 10)).pass(seconds(6));
  EXPECT_EQ(place_of("train").node, "small");
  EXPECT_THAT(why("next"), HasSubstr("0 of 64 are free"));
  const api::CapacityPoolStatus status = seen().status;
  const api::Condition* ready = api::find_condition(status.conditions, "Ready");
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->reason, "TooManyOnNode");
  EXPECT_EQ(ready->message,
            "1 node with 70 nvidia.com/mig-1g.18gb; 6 are not given out: more than 64 on one node");
  EXPECT_EQ(status.shares[0].healthy, 64);
}

TEST_F(ShareStory, WorkRunsOnWhenItsNodeIsCutAnotherWay) {
  node("a", kSmall, 14);
  pool();
  quota({limit(kH200, 8), limit(kSmallClass, 8)});
  cluster.job("train", 1, 2, share("10Gi", 10)).settle();
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  const Json amounts = {{kGpu, "8"}, {kSmall, "0"}};
  cluster.server.handle(kube::patch_status(
      kube::kNodes, "", "a", {{"status", {{"allocatable", amounts}, {"capacity", amounts}}}}));
  cluster.pass(seconds(6));
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(used(kSmallClass), 2) << "charged as it was admitted";
  EXPECT_EQ(seen().status.capacity, 8);
  EXPECT_EQ(cluster.delete_job("train").pass(seconds(3)).used("blue"), 0);
}

}  // namespace
}  // namespace berth::integration
