#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/live/testing/cluster.h"

// What is said of work that asks for shares of devices, and of nodes that have them.
namespace berth::cli {
namespace {

using ::testing::HasSubstr;
using testing::LiveCluster;

constexpr const char* kClass = "nvidia-h200/mig-1g.18gb";

class LiveShares : public ::testing::Test {
 protected:
  LiveShares() {
    const Json share = {
        {"resource", "nvidia.com/mig-1g.18gb"}, {"memory", "18Gi"}, {"computePercent", 14}};
    cluster.cut_node("a", "h200", "nvidia.com/mig-1g.18gb", 28);
    cluster.pool("h200", Json::array({share})).name_space("blue");
    cluster.quota("blue", Json::array({LiveCluster::limit(4, 0, kClass)}));
  }
  ~LiveShares() override { EXPECT_EQ(cluster.refused, ""); }
  void job(const std::string& name, const std::string& memory, int64_t count) {
    const Json device = {{"class", testing::kH200},
                         {"count", count},
                         {"share", {{"memory", memory}, {"computePercent", 10}}}};
    cluster.job(name, "blue", 1, 1, {{"worker", {{"devices", Json::array({device})}}}});
  }
  std::string said(std::vector<const char*> words) {
    const auto ran = cluster.run(std::move(words));
    EXPECT_EQ(ran.err, "");
    return ran.out;
  }

  LiveCluster cluster;
};

TEST_F(LiveShares, AreCountedByTheirOwnClass) {
  const std::string out = said({"top"});
  EXPECT_THAT(out, HasSubstr(kClass));
  EXPECT_THAT(out, HasSubstr("28"));
}

TEST_F(LiveShares, AJobThatWaitsForThemIsExplained) {
  job("fits", "10Gi", 2);
  job("many", "10Gi", 6);
  job("large", "80Gi", 1);
  EXPECT_THAT(said({"explain", "gpujob/fits", "-n", "blue"}), HasSubstr(kClass));
  EXPECT_THAT(said({"explain", "gpujob/many", "-n", "blue"}),
              HasSubstr("wants 6 nvidia-h200/mig-1g.18gb, quota leaves"));
  EXPECT_THAT(said({"explain", "gpujob/large", "-n", "blue"}),
              HasSubstr("the largest that a CapacityPool names is mig-1g.18gb with 18Gi and 14%"));
  EXPECT_THAT(said({"queue", "-n", "blue"}), HasSubstr("1 x 2 nvidia-h200 share of 10Gi, 10%"));
}

TEST_F(LiveShares, OfAPoolThatPodsGoPastAreNone) {
  const Json gone = {
      {"status",
       {{"conditions", Json::array({cluster.condition("Ready", "False", "NotGated", "x")})}}}};
  cluster.server.handle(kube::patch_status(kube::kCapacityPools, "", "h200", gone));
  EXPECT_EQ(said({"top"}).find(kClass), std::string::npos);
}

}  // namespace
}  // namespace berth::cli
