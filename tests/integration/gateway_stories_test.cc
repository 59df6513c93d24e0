#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/request.h"
#include "tests/integration/endpoint_cluster.h"

// An endpoint that a Gateway leads to from outside.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

class GatewayStory : public EndpointCluster {
 protected:
  GatewayStory() {
    cluster.settings.gateway = {
        .name = "public", .name_space = "infra", .hostname = "{name}.{namespace}.example.com"};
    cluster.on_change = [this](const std::string& collection, const kube::fake::Change&) {
      if (collection == "gateway.networking.k8s.io/httproutes") ++changes;
    };
  }
  // Another operator takes over, with the settings of now.
  void start(const std::string& identity) {
    for (Process* process : cluster.operators()) process->crash();
    cluster.start_operator(identity);
    cluster.pass(minutes(1));
  }
  const Json* route() const { return cluster.server.find(kube::kHttpRoutes, "blue", "fraud"); }
  void answers(const char* accepted, const char* reason) {
    const Json conditions =
        Json::array({{{"type", "Accepted"}, {"status", accepted}, {"reason", reason}}});
    const Json parent = {{"parentRef", {{"name", "public"}, {"namespace", "infra"}}},
                         {"conditions", conditions}};
    must(kube::patch_status(kube::kHttpRoutes, "blue", "fraud",
                            {{"status", {{"parents", Json::array({parent})}}}}));
    cluster.pass(seconds(5));
  }
  Json exposed() const {
    const Json now = status();
    for (const Json& one : now["conditions"]) {
      if (one["type"] == "Exposed") return one;
    }
    return {{"status", "absent"}, {"reason", ""}, {"message", ""}};
  }
  std::string said() const {
    const Json one = exposed();
    return one["status"].get<std::string>() + " " + one["reason"].get<std::string>();
  }
  std::vector<std::string> warnings() const {
    std::vector<std::string> reasons;
    for (const Json* event : cluster.server.list(kube::kEvents, "blue")) {
      if ((*event)["type"] == "Warning") reasons.push_back((*event)["reason"]);
    }
    return reasons;
  }

  int changes = 0;  // of HTTPRoutes
};

TEST_F(GatewayStory, AnEndpointIsExposedOnceItsGatewaySaysSo) {
  start("operator-gateway");
  serve(1, 1);
  ASSERT_NE(route(), nullptr);
  EXPECT_EQ((*route())["spec"]["hostnames"][0], "fraud.blue.example.com");
  EXPECT_EQ(said(), "Unknown Pending");
  answers("False", "NotAllowedByListeners");
  EXPECT_EQ(said(), "False NotAccepted");
  EXPECT_THAT(exposed()["message"].get<std::string>(), HasSubstr("NotAllowedByListeners"));
  EXPECT_THAT(warnings(), testing::Contains("NotAccepted"));
  EXPECT_FALSE(status().contains("hostname"));
  answers("True", "Accepted");
  EXPECT_EQ(said(), "True Exposed");
  EXPECT_EQ(status()["hostname"], "fraud.blue.example.com");
}

TEST_F(GatewayStory, ARouteIsWrittenOnceAndHealed) {
  start("operator-gateway");
  serve(1, 1);
  cluster.pass(minutes(10));
  EXPECT_EQ(changes, 1);
  must(kube::patch_merge(kube::kHttpRoutes, "blue", "fraud",
                         {{"spec", {{"hostnames", {"other.example.com"}}}}}));
  cluster.pass(seconds(5));
  EXPECT_EQ((*route())["spec"]["hostnames"][0], "fraud.blue.example.com");
  cluster.remove(kube::kHttpRoutes, "fraud").pass(seconds(5));
  EXPECT_NE(route(), nullptr);
  EXPECT_EQ(changes, 5);
}

TEST_F(GatewayStory, ARouteFollowsTheSettingsAndGoesWithTheEndpoint) {
  start("operator-gateway");
  serve(1, 1);
  cluster.settings.gateway = {.name = "private", .name_space = "infra"};
  start("operator-next");
  EXPECT_EQ((*route())["spec"]["parentRefs"][0]["name"], "private");
  EXPECT_FALSE((*route())["spec"].contains("hostnames"));
  cluster.remove(kube::kInferenceEndpoints, "fraud").pass(minutes(1));
  EXPECT_EQ(route(), nullptr);
}

TEST_F(GatewayStory, ARouteOfSomebodyElseIsLeftAlone) {
  const Json theirs = {{"metadata", {{"name", "fraud"}, {"namespace", "blue"}}},
                       {"spec", {{"hostnames", {"shop.example.com"}}}}};
  must(kube::create(kube::kHttpRoutes, theirs));
  start("operator-gateway");
  serve(1, 1);
  EXPECT_EQ(said(), "False NameTaken");
  EXPECT_THAT(warnings(), testing::Contains("NameTaken"));
  EXPECT_EQ((*route())["spec"], theirs["spec"]);
  cluster.settings.gateway.is_withdrawn = true;
  start("operator-withdraws");
  EXPECT_EQ(changes, 1);
  must(kube::remove(kube::kHttpRoutes, "blue", "fraud"));
}

TEST_F(GatewayStory, TheRoutesOfAWithdrawnGatewayGo) {
  start("operator-gateway");
  serve(1, 1);
  answers("True", "Accepted");
  cluster.settings.gateway.is_withdrawn = true;
  start("operator-withdraws");
  EXPECT_EQ(route(), nullptr);
  EXPECT_EQ(said(), "absent ");
  EXPECT_FALSE(status().contains("hostname"));
}

TEST_F(GatewayStory, TheGatewayApiMayComeLaterAndGo) {
  cluster.server.stop_serving(kube::kHttpRoutes);
  start("operator-gateway");
  serve(1, 1);
  EXPECT_EQ(said(), "False NoGatewayApi");
  EXPECT_THAT(warnings(), testing::Contains("NoGatewayApi"));
  EXPECT_EQ(ready(), 1);
  cluster.server.serve({.resource = kube::kHttpRoutes});
  cluster.pass(minutes(2));
  ASSERT_NE(route(), nullptr);
  answers("True", "Accepted");
  EXPECT_EQ(said(), "True Exposed");
  cluster.server.stop_serving(kube::kHttpRoutes);
  cluster.pass(minutes(2));
  EXPECT_EQ(said(), "False NoGatewayApi");
  EXPECT_FALSE(status().contains("hostname"));
  cluster.server.serve({.resource = kube::kHttpRoutes});
  cluster.pass(minutes(2));
  EXPECT_EQ(said(), "True Exposed");
  EXPECT_EQ(changes, 2) << "its creation, and what the Gateway said of it";
}

TEST_F(GatewayStory, WithoutAGatewayNobodyAsksForRoutes) {
  cluster.settings.gateway = {};
  start("operator-plain");
  serve(1, 1);
  EXPECT_EQ(said(), "absent ");
  EXPECT_EQ(route(), nullptr);
}

}  // namespace
}  // namespace berth::integration
