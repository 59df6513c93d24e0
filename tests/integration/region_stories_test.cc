#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"

// Limits of one region, which is that of the CapacityPool that a node is in.
namespace berth::integration {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kRackName = "example.com/rack";

class RegionStory : public testing::Test {
 protected:
  void TearDown() override {
    if (!checks_at_end) return;
    EXPECT_THAT(cluster.broken(), IsEmpty());
  }

  // One node of eight devices in each.
  void two_regions() {
    cluster.node("e", 8, "eu-rack").node("u", 8, "us-rack");
    pool("eu", "eu-rack");
    pool("us", "us-rack");
    cluster.pass(seconds(1));
  }
  void pool(const std::string& region, const std::string& rack) {
    api::CapacityPool made;
    made.meta.name = region;
    made.spec.node_selector = {{kRackName, rack}};
    made.spec.device_class = kH200;
    made.spec.resource = "nvidia.com/gpu";
    made.spec.region = region;
    Json object = api::to_json(made);
    object.erase("status");
    EXPECT_EQ(cluster.server.handle(kube::create(kube::kCapacityPools, object)).status, 201);
  }
  void quota(const std::string& name, const std::vector<api::QuotaLimit>& limits) {
    cluster.quota(name, 0, [&](api::Quota& quota) { quota.spec.limits = limits; });
  }
  api::QuotaUse use(const std::string& quota, const std::string& region) {
    for (const api::QuotaUse& use : cluster.quota_named(quota).status.limits) {
      if (use.region == region) return use;
    }
    return {.device_class = "none"};
  }
  std::string node_of(const std::string& job) {
    const api::GpuJob seen = cluster.job_named(job);
    return seen.status.placement ? seen.status.placement->workers[0].node : "";
  }
  std::string message(const std::string& job) {
    const api::GpuJob seen = cluster.job_named(job);
    const api::Condition* held = api::find_condition(seen.status.conditions, "Admitted");
    return held == nullptr ? "" : held->message;
  }
  static api::QuotaLimit limit(const std::string& region, int64_t guaranteed,
                               int64_t borrowing = 0) {
    return {.device_class = kH200,
            .region = region,
            .guaranteed = guaranteed,
            .borrowing_limit = borrowing};
  }

  Cluster cluster;
  bool checks_at_end = true;
};

TEST_F(RegionStory, WorkRunsWhereItsQuotaHasALimitAndIsHeldWhereItHasNone) {
  two_regions();
  quota("blue", {limit("eu", 4)});
  cluster.job("train", 1, 4).pass(seconds(2));
  EXPECT_EQ(node_of("train"), "e");
  EXPECT_EQ(use("blue", "eu").used, 4);
  EXPECT_EQ(use("blue", "").device_class, "none") << "it lists no limit of all regions";
  EXPECT_EQ(cluster.quota_named("blue").status.summary, "nvidia-h200@eu 4/4");
  cluster.job("more", 1, 4).pass(seconds(2));
  EXPECT_EQ(node_of("more"), "") << "although us is free";
  EXPECT_THAT(message("more"), HasSubstr("wants 4 nvidia-h200 in eu, quota leaves 0"));
}

TEST_F(RegionStory, ADeviceCountsAgainstEveryEntryThatMatchesIt) {
  two_regions();
  quota("blue", {limit("", 6), limit("eu", 4)});
  cluster.job("a", 1, 4).pass(seconds(2)).job("b", 1, 2).pass(seconds(2));
  EXPECT_EQ(node_of("a"), "e");
  EXPECT_EQ(node_of("b"), "u");
  EXPECT_EQ(use("blue", "").used, 6);
  EXPECT_EQ(use("blue", "eu").used, 4);
  cluster.job("c", 1, 1).pass(seconds(2));
  EXPECT_EQ(node_of("c"), "");
  EXPECT_EQ(use("blue", "").pending, 1);
}

TEST_F(RegionStory, AGuaranteeInARegionIsReturnedByWorkThatMayBeElsewhere) {
  two_regions();
  quota("green", {limit("", 16)});
  cluster.job("g1", 1, 8).job("g2", 1, 8).pass(seconds(120));
  ASSERT_NE(node_of("g1"), "");
  ASSERT_NE(node_of("g2"), "");
  const std::string there = node_of("g1") == "e" ? "g1" : "g2";
  quota("blue", {limit("eu", 4)});
  cluster.job("train", 1, 4).pass(seconds(120));
  EXPECT_EQ(node_of("train"), "e");
  EXPECT_EQ(use("blue", "eu").used, 4);
  cluster.in("green");
  EXPECT_NE(node_of(there), "e");
}

TEST_F(RegionStory, WorkOnANodeThatChangesItsRegionIsReportedAndNotEvicted) {
  checks_at_end = false;  // limits and use part ways, as when a limit is lowered
  two_regions();
  quota("blue", {limit("eu", 8), limit("us", 2)});
  cluster.job("train", 1, 4).pass(seconds(2));
  ASSERT_EQ(node_of("train"), "e");
  const Json moved = {{"spec", {{"region", "us"}}}};
  EXPECT_EQ(cluster.server.handle(kube::patch_merge(kube::kCapacityPools, "", "eu", moved)).status,
            200);
  cluster.pass(seconds(30));
  EXPECT_EQ(node_of("train"), "e");
  EXPECT_EQ(use("blue", "eu").used, 0);
  EXPECT_EQ(use("blue", "us").used, 2) << "the API server lets it say no more";
  EXPECT_EQ(use("blue", "us").unadmitted, 2);
}

}  // namespace
}  // namespace berth::integration
