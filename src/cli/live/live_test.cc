#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/live/testing/cluster.h"

namespace berth::cli {
namespace {

using ::testing::HasSubstr;
using testing::kH200;
using testing::LiveCluster;
using ::testing::StartsWith;

// What was printed when a person last looked at it: tests/golden/cli.
std::string golden(const std::string& name) {
  std::ifstream file("tests/golden/cli/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Two tenants on two full-size nodes and one that is cordoned: research has 8 of 16 and may borrow
// 4, sales holds its 8, somebody's notebook holds one, and two jobs of research wait.
class LiveTest : public ::testing::Test {
 protected:
  LiveTest() {
    cluster.node("a", 8).node("b", 8).node("c", 4, "L4", true);
    cluster.name_space("research").name_space("sales").name_space("lab");
    cluster.quota("org", Json::array({LiveCluster::limit(0)}), "", false);
    cluster.quota("research", Json::array({LiveCluster::limit(8, 4)}), "org");
    cluster.quota("sales", Json::array({LiveCluster::limit(8)}), "org");
    cluster.job("serve", "sales", 1, 8).runs("serve", "sales", {{"a", 8}});
    cluster.hours(3).job("train", "research", 2, 2,
                         {{"limits", {{"maxRuntimeSeconds", 36'000}}}, {"priority", 5}});
    cluster.runs("train", "research", {{"b", 2}, {"b", 2}}).pod("notebook", "lab", "b", 1);
    cluster.hours(1).job("big", "research", 2, 4);
    cluster.held("big", "research", "OverQuota", "wants 8 nvidia-h200, quota org leaves 4");
    cluster.hours(1).job("next", "research", 1, 4, {{"priority", 5}});
    cluster.held("next", "research", "NoCapacity", "wants 4 nvidia-h200, 3 of 16 are free");
    cluster.hours(1);
    const auto use = [](int64_t used, int64_t below, int64_t pending) {
      return Json::array(
          {{{"class", kH200}, {"used", used}, {"subtreeGuaranteed", below}, {"pending", pending}}});
    };
    const auto ready = Json::array({cluster.condition("Ready", "True", "Ready", "")});
    cluster.quota_status("org", use(12, 16, 0), ready);
    cluster.quota_status("research", use(4, 8, 12), ready);
    cluster.quota_status("sales", use(8, 8, 0), ready);
    EXPECT_EQ(cluster.refused, "");
  }

  LiveCluster::Ran run(std::vector<const char*> words) { return cluster.run(std::move(words)); }

  LiveCluster cluster;
};

TEST_F(LiveTest, QuotaIsATreeWithWhatIsUsed) {
  const auto ran = run({"quota"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("quota.txt"));
}

TEST_F(LiveTest, QuotaHasStableJson) {
  const auto ran = run({"quota", "sales", "-o", "json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("quota.json"));
}

TEST_F(LiveTest, QuotaOfAnUnknownNameIsANo) {
  const auto ran = run({"quota", "blue"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err, "kubectl-berth quota: there is no Quota blue\n");
  EXPECT_EQ(ran.out, "");
}

TEST_F(LiveTest, QueueListsWhatWaitsInTheOrderOfItsTurn) {
  const auto ran = run({"queue", "-n", "research"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("queue.txt"));
}

TEST_F(LiveTest, QueueHasStableJson) {
  const auto ran = run({"queue", "-A", "-o", "json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("queue.json"));
}

TEST_F(LiveTest, QueueIsEmptyWhereNothingWaits) {
  const auto ran = run({"queue", "-n", "sales"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "No GpuJob waits.\n");
  EXPECT_EQ(run({"queue", "-n", "sales", "-A"}).exit, 2);
}

TEST_F(LiveTest, QueueOfWhoMayNotSeeOtherNamespacesIsOfTheOwn) {
  cluster.instead = [](const kube::Request& request) -> std::optional<Result<kube::Response>> {
    if (request.path != "/apis/berth.dev/v1alpha1/gpujobs") return std::nullopt;
    return kube::Response{.status = 403, .retry_after = {}, .body = "{}"};
  };
  const auto ran = run({"queue", "-n", "research"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("big"));
  EXPECT_EQ(run({"queue", "-A"}).exit, 2);
}

TEST_F(LiveTest, WhatTheUserMayNotListIsLeftOutAndNamed) {
  cluster.instead = [](const kube::Request& request) -> std::optional<Result<kube::Response>> {
    if (request.path.find("/placementpolicies") == std::string::npos) return std::nullopt;
    return kube::Response{.status = 403, .retry_after = {}, .body = "{}"};
  };
  const auto ran = cluster.run({"top"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err,
            "kubectl-berth: you may not list placementpolicies: this is as if there were none\n");
  EXPECT_THAT(ran.out, HasSubstr("research"));
}

TEST_F(LiveTest, TopShowsWhoHoldsWhatAndWhereSomeIsFree) {
  const auto ran = run({"top"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("top.txt"));
}

TEST_F(LiveTest, TopHasStableJson) {
  const auto ran = run({"top", "-o", "json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("top.json"));
}

TEST_F(LiveTest, ExplainSaysWhyAndWhoAndWhatWouldHelp) {
  const auto ran = run({"explain", "gpujob/next", "-n", "research"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("explain_room.txt"));
}

TEST_F(LiveTest, ExplainNamesTheLimitThatIsInTheWay) {
  const auto ran = run({"explain", "gj/big", "-n", "research"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("explain_limit.txt"));
}

TEST_F(LiveTest, ExplainHasStableJson) {
  const auto ran = run({"explain", "gpujob/next", "-n", "research", "-o", "json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, golden("explain.json"));
}

TEST_F(LiveTest, ExplainNamesWhoHasToGiveWay) {
  cluster.job("urgent", "research", 1, 4, {{"priority", 9}});
  const auto ran = run({"explain", "gpujob/urgent", "-n", "research"});
  EXPECT_THAT(ran.out,
              ::testing::HasSubstr(
                  "The next pass starts it: gpujob/research/train has to give way to it."));
}

TEST_F(LiveTest, ExplainOfAJobThatRunsSaysSoAndIsANo) {
  const auto ran = run({"explain", "gpujob/train", "-n", "research"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, StartsWith("GpuJob train in research: Admitted, wants 2 x 2 nvidia-h200"));
  const auto json = Json::parse(run({"explain", "gpujob/train", "-n", "research", "--json"}).out);
  EXPECT_EQ(json["state"], "Admitted");
  EXPECT_TRUE(json["pass"].is_null());
}

TEST_F(LiveTest, ExplainOfWhatIsNotThereIsANoAndOfWhatIsNoJobAnError) {
  auto ran = run({"explain", "gpujob/nobody", "-n", "research"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err, "kubectl-berth explain: there is no GpuJob nobody in namespace research\n");
  ran = run({"explain", "quota/research"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, "kubectl-berth explain: quota/research: want gpujob/NAME\n");
}

TEST_F(LiveTest, TellsInOneLineWhatCouldNotBeReadAndWhy) {
  cluster.instead = [](const kube::Request&) -> std::optional<Result<kube::Response>> {
    return Error{Code::Unavailable, "list Quota: https://10.0.0.1: connection refused"};
  };
  auto ran = run({"quota"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, "kubectl-berth quota: list Quota: https://10.0.0.1: connection refused\n");
  cluster.instead = [](const kube::Request&) -> std::optional<Result<kube::Response>> {
    return kube::Response{.status = 404, .retry_after = {}, .body = "404 page not found"};
  };
  ran = run({"top"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "kubectl-berth top: list Quota: 404: 404 page not found (is Berth installed there?)\n");
  cluster.instead = [](const kube::Request&) -> std::optional<Result<kube::Response>> {
    return kube::Response{.status = 200, .retry_after = {}, .body = "<html>"};
  };
  EXPECT_EQ(run({"quota"}).err, "kubectl-berth quota: list Quota: the reply is not JSON\n");
}

TEST_F(LiveTest, OnlyReads) {
  for (const char* command : {"quota", "queue", "top"}) run({command});
  run({"explain", "gpujob/next", "-n", "research"});
  EXPECT_FALSE(cluster.asked.empty());
  for (const kube::Request& request : cluster.asked) {
    EXPECT_EQ(request.method, kube::Method::Get) << request.path;
  }
}

TEST(LiveLists, ComePageByPageAndBeginAnewWhenTheyExpire) {
  LiveCluster cluster;
  for (int i = 0; i < 1'100; ++i) {
    cluster.quota("q" + std::to_string(i), Json::array({LiveCluster::limit(1)}));
  }
  bool compacted = false;
  cluster.instead = [&](const kube::Request& request) -> std::optional<Result<kube::Response>> {
    if (request.query.find("continue=") != std::string::npos && !compacted) {
      compacted = true;
      cluster.server.compact();
    }
    return std::nullopt;
  };
  const auto ran = cluster.run({"quota", "--json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["quotas"].size(), 1'100u);
  EXPECT_EQ(cluster.asked.size(), 5u);  // two, of which one expired, then three
}

TEST(LiveLists, OfAClusterWithoutAnythingAreSaidToBeEmpty) {
  LiveCluster cluster;
  EXPECT_EQ(cluster.run({"quota"}).out, "No Quotas.\n");
  EXPECT_EQ(cluster.run({"queue"}).out, "No GpuJob waits.\n");
  EXPECT_EQ(cluster.run({"top"}).out, "No devices.\n");
}

}  // namespace
}  // namespace berth::cli
