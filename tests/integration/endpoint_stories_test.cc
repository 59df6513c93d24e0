#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "api/codec.h"
#include "api/inferenceendpoint.h"
#include "api/slatier.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// A model that is served, as users see it.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kImage =
    "example/serve@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

class EndpointStory : public testing::Test {
 protected:
  using Change = std::function<void(api::InferenceEndpoint&)>;

  void TearDown() override {
    EXPECT_THAT(cluster.broken(), IsEmpty());
    cluster.pass(seconds(20));
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }
  void must(const kube::Request& request) {
    const kube::Response reply = cluster.server.handle(request);
    EXPECT_LT(reply.status, 300) << reply.body;
  }
  // In the namespace "blue", one device each.
  void serve(const std::string& name, int64_t replicas, const Change& change = {}) {
    api::InferenceEndpoint one;
    one.meta.name = name;
    one.meta.name_space = "blue";
    one.spec.model = {.uri = "pvc://models/" + name};
    one.spec.worker.image = kImage;
    one.spec.worker.devices = {{.device_class = kH200, .count = 1}};
    one.spec.scaling.min_replicas = replicas;
    one.spec.scaling.max_replicas = 16;
    if (change) change(one);
    Json object = api::to_json(one);
    object.erase("status");
    must(kube::create(kube::kInferenceEndpoints, object));
    cluster.pass(seconds(10));
  }
  void change_spec(const std::string& name, const Json& patch) {
    must(kube::patch_merge(kube::kInferenceEndpoints, "blue", name, {{"spec", patch}}));
    cluster.pass(seconds(10));
  }
  // The namespace's routers, as the Deployment's own controller would say.
  void routers_are_ready(int64_t ready) {
    must(kube::patch_status(kube::kDeployments, "blue", "berth-router",
                            {{"status", {{"readyReplicas", ready}}}}));
    cluster.pass(seconds(5));
  }
  api::InferenceEndpoint seen(const std::string& name) const {
    const Json* found = cluster.server.find(kube::kInferenceEndpoints, "blue", name);
    if (found == nullptr) return {};
    Json typed = *found;
    typed["apiVersion"] = "berth.dev/v1alpha1";
    typed["kind"] = "InferenceEndpoint";
    return *api::from_json<api::InferenceEndpoint>(typed);
  }
  const api::Condition& condition(const std::string& name, std::string_view type) {
    seen_ = seen(name);
    static const api::Condition kNone;
    const api::Condition* found = api::find_condition(seen_.status.conditions, type);
    return found == nullptr ? kNone : *found;
  }
  std::string said(const std::string& name, std::string_view type) {
    const api::Condition& one = condition(name, type);
    if (one.type.empty()) return "absent";
    return (one.is_true() ? "True " : "False ") + one.reason;
  }
  int64_t ready(const std::string& name) const { return seen(name).status.replicas->ready; }
  std::set<std::string> nodes_of(const std::string& name) const {
    std::set<std::string> nodes;
    for (const Json* pod : cluster.server.list(kube::kPods)) {
      const Json& labels = pod->at("metadata").at("labels");
      if (labels.value("berth.dev/endpoint", "") == name)
        nodes.insert(pod->at("spec").at("nodeName"));
    }
    return nodes;
  }
  bool there_is(const kube::Resource& resource, const std::string& name) const {
    return cluster.server.find(resource, "blue", name) != nullptr;
  }

  Cluster cluster;
  api::InferenceEndpoint seen_;
};

TEST_F(EndpointStory, ReplicasRunAndAreChargedAsJobsAre) {
  cluster.node("a", 8).quota("blue", 4);
  serve("fraud", 3);
  EXPECT_THAT(cluster.live_pods(), ElementsAre("fraud-r0-1-0", "fraud-r1-1-0", "fraud-r2-1-0"));
  EXPECT_EQ(cluster.used("blue"), 3);
  EXPECT_EQ(ready("fraud"), 3);
  EXPECT_EQ(said("fraud", "Admitted"), "True Admitted");
  EXPECT_EQ(said("fraud", "Progressing"), "False Complete");
}

TEST_F(EndpointStory, ItIsReadyOnceItsReplicasAndItsRouterAre) {
  cluster.node("a", 8).quota("blue", 4);
  serve("fraud", 1);
  EXPECT_EQ(said("fraud", "Ready"), "False Starting") << condition("fraud", "Ready").message;
  EXPECT_EQ(said("fraud", "RoutesReady"), "False Starting");
  routers_are_ready(2);
  EXPECT_EQ(said("fraud", "Ready"), "True Serving");
  EXPECT_EQ(seen("fraud").status.url, "http://fraud.blue.svc");
  EXPECT_EQ(seen("fraud").status.grpc_url, "grpc://fraud.blue.svc:8081");
  const Json& service = *cluster.server.find(kube::kServices, "blue", "fraud");
  EXPECT_EQ(service["spec"]["selector"]["app.kubernetes.io/name"], "berth-router");
}

TEST_F(EndpointStory, TheRouterComesWithTheFirstEndpointAndGoesWithTheLast) {
  cluster.node("a", 8).quota("blue", 4);
  serve("fraud", 1);
  serve("spam", 1);
  for (const auto& resource : {kube::kServiceAccounts, kube::kRoleBindings, kube::kDeployments})
    EXPECT_TRUE(there_is(resource, "berth-router")) << resource.plural;
  cluster.remove(kube::kInferenceEndpoints, "fraud").pass(minutes(1));
  EXPECT_TRUE(there_is(kube::kDeployments, "berth-router"));
  cluster.remove(kube::kInferenceEndpoints, "spam").pass(minutes(1));
  for (const auto& resource : {kube::kServiceAccounts, kube::kRoleBindings, kube::kDeployments})
    EXPECT_FALSE(there_is(resource, "berth-router")) << resource.plural;
  EXPECT_FALSE(there_is(kube::kServices, "fraud"));
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(EndpointStory, WhatTheRouterMayDoGoesWithItThoughItsDeletionFailsOnce) {
  cluster.node("a", 8).quota("blue", 4);
  serve("fraud", 1);
  for (const char* plural : {"serviceaccounts", "rolebindings"}) {
    const auto is_deletion = [plural](const kube::Request& request) {
      return request.method == kube::Method::Delete &&
             request.path.find(plural) != std::string::npos;
    };
    cluster.first().transport->inject(
        {.matches = is_deletion, .fault = kube::fake::Fault::status(500)});
  }
  cluster.remove(kube::kInferenceEndpoints, "fraud").pass(minutes(1));
  for (const auto& resource : {kube::kServiceAccounts, kube::kRoleBindings, kube::kDeployments})
    EXPECT_FALSE(there_is(resource, "berth-router")) << resource.plural;
}

TEST_F(EndpointStory, WhatTheRouterMayDoGoesThoughItsDeploymentIsGoneAlready) {
  cluster.node("a", 8).quota("blue", 4);
  serve("fraud", 1);
  cluster.first().paused = true;
  cluster.remove(kube::kInferenceEndpoints, "fraud").remove(kube::kDeployments, "berth-router");
  cluster.first().paused = false;
  cluster.pass(minutes(1));
  for (const auto& resource : {kube::kServiceAccounts, kube::kRoleBindings, kube::kDeployments})
    EXPECT_FALSE(there_is(resource, "berth-router")) << resource.plural;
}

TEST_F(EndpointStory, ANewOperatorBringsItsRouterUpToDate) {
  cluster.node("a", 8).quota("blue", 4);
  serve("fraud", 1);
  cluster.first().crash();
  cluster.settings.router.image = "example/router:next";
  cluster.start_operator("operator-next");
  cluster.pass(minutes(1));
  const Json& router = *cluster.server.find(kube::kDeployments, "blue", "berth-router");
  EXPECT_EQ(router.at("/spec/template/spec/containers/0/image"_json_pointer),
            "example/router:next");
}

TEST_F(EndpointStory, AServiceOfItsNameThatIsSomebodyElsesIsSaidAndLeft) {
  cluster.node("a", 8).quota("blue", 4);
  must(kube::create(kube::kServices, {{"apiVersion", "v1"},
                                      {"kind", "Service"},
                                      {"metadata", {{"name", "fraud"}, {"namespace", "blue"}}},
                                      {"spec", {{"selector", {{"app", "mine"}}}}}}));
  serve("fraud", 1);
  routers_are_ready(2);
  EXPECT_EQ(said("fraud", "Ready"), "False NameTaken");
  const Json& service = *cluster.server.find(kube::kServices, "blue", "fraud");
  EXPECT_EQ(service["spec"]["selector"]["app"], "mine");
}

TEST_F(EndpointStory, WhatHasNoRoomWaitsAndSaysWhy) {
  cluster.node("a", 8).quota("blue", 2);
  serve("fraud", 3);
  EXPECT_EQ(ready("fraud"), 2);
  EXPECT_EQ(said("fraud", "Admitted"), "False OverQuota");
  EXPECT_THAT(condition("fraud", "Admitted").message, HasSubstr("2 of 3 replicas admitted"));
  cluster.change_quota("blue", [](api::Quota& quota) { quota.spec.limits[0].guaranteed = 3; })
      .pass(seconds(30));
  EXPECT_EQ(ready("fraud"), 3);
}

TEST_F(EndpointStory, ReplicasArePackedUnlessAPolicyWantsThemApart) {
  cluster.node("a", 8).node("b", 8).quota("blue", 8);
  serve("packed", 2);
  EXPECT_EQ(nodes_of("packed"), std::set<std::string>{"a"});
  const Json unlike = {{"matchLabelKeys", {"berth.dev/endpoint"}},
                       {"domain", {{"level", "kubernetes.io/hostname"}, {"mode", "Spread"}}}};
  const Json prefer = Json::array({{{"term", {{"affinity", unlike}}}}});
  must(kube::create(
      kube::kPlacementPolicies,
      {{"metadata", {{"name", "replicas-apart"}}},
       {"spec", {{"mode", "Enforce"}, {"match", Json::object()}, {"prefer", prefer}}}}));
  serve("apart", 2);
  EXPECT_EQ(nodes_of("apart"), (std::set<std::string>{"a", "b"}));
}

TEST_F(EndpointStory, ScalesBothWays) {
  cluster.node("a", 8).quota("blue", 8);
  serve("fraud", 1);
  change_spec("fraud", {{"scaling", {{"minReplicas", 4}}}});
  EXPECT_EQ(ready("fraud"), 4);
  change_spec("fraud", {{"scaling", {{"minReplicas", 2}}}});
  cluster.pass(minutes(1));
  EXPECT_THAT(cluster.live_pods(), ElementsAre("fraud-r0-1-0", "fraud-r1-1-0"));
  EXPECT_EQ(cluster.used("blue"), 2);
}

TEST_F(EndpointStory, ThatMayHaveNoReplicaSleepsUntilAsked) {
  cluster.node("a", 8).quota("blue", 4);
  serve("fraud", 0);
  routers_are_ready(2);
  EXPECT_EQ(said("fraud", "Ready"), "True Asleep");
  EXPECT_THAT(cluster.live_pods(), IsEmpty());
}

TEST_F(EndpointStory, SuspendedItHoldsNothing) {
  cluster.node("a", 8).quota("blue", 8);
  serve("fraud", 2);
  change_spec("fraud", {{"suspend", true}});
  cluster.pass(minutes(1));
  EXPECT_THAT(cluster.live_pods(), IsEmpty());
  EXPECT_EQ(cluster.used("blue"), 0);
  EXPECT_EQ(said("fraud", "Ready"), "False Suspended");
  change_spec("fraud", {{"suspend", false}});
  EXPECT_EQ(ready("fraud"), 2);
}

TEST_F(EndpointStory, NothingIsMadeForOneThatIsGoneThoughThatIsNotSeenYet) {
  cluster.node("a", 8).quota("blue", 8);
  serve("chat", 4);
  auto& line = *cluster.first().transport;
  line.on_line([](const kube::Request& request, std::string_view) {
    const bool is_hidden = request.path.find("/inferenceendpoints") != std::string::npos;
    return is_hidden ? kube::fake::LineFate::Drop : kube::fake::LineFate::Deliver;
  });
  line.forget_sent();
  must(kube::remove(kube::kInferenceEndpoints, "blue", "chat"));
  cluster.pass(seconds(30));
  const auto& sent = line.sent();
  EXPECT_TRUE(std::none_of(sent.begin(), sent.end(), [](const auto& one) {
    const bool creates = one.request.method == kube::Method::Post;
    return creates && one.request.path.find("/events") == std::string::npos;
  }));
  EXPECT_FALSE(there_is(kube::kGpuJobs, "chat-r0"));
}

TEST_F(EndpointStory, ANewSpecRollsOverWithoutFewerThanWanted) {
  cluster.node("a", 8).quota("blue", 8);
  serve("fraud", 2);
  int64_t least = 2;
  cluster.after_step = [&](Process&) {
    const auto& replicas = seen("fraud").status.replicas;
    if (replicas) least = std::min(least, replicas->ready);
  };
  change_spec("fraud", {{"worker", {{"maxBatchSize", 8}}}});
  cluster.pass(minutes(2));
  cluster.after_step = {};
  EXPECT_EQ(least, 2);
  EXPECT_EQ(said("fraud", "Progressing"), "False Complete");
  EXPECT_EQ(cluster.used("blue"), 2);
  for (const std::string& name : cluster.live_pods()) {
    EXPECT_THAT(cluster.pod(name).dump(),
                HasSubstr(R"({"name":"BERTH_MAX_BATCH_SIZE","value":"8"})"));
  }
}

TEST_F(EndpointStory, ANewSpecRollsOverWhereNoDeviceIsSpare) {
  cluster.node("a", 1).quota("blue", 1);
  serve("fraud", 1);
  change_spec("fraud", {{"worker", {{"maxBatchSize", 8}}}});
  cluster.pass(minutes(2));
  EXPECT_EQ(ready("fraud"), 1);
  EXPECT_EQ(said("fraud", "Progressing"), "False Complete");
}

TEST_F(EndpointStory, ASpecThatDoesNotStartLeavesTheOneBeforeServing) {
  cluster.node("a", 8).quota("blue", 8);
  serve("fraud", 2);
  cluster.behaves("fraud-r2", {.runs = seconds(2), .exits = {64}});
  change_spec("fraud", {{"model", {{"sha256", std::string(64, 'a')}}}});
  cluster.pass(seconds(30));
  EXPECT_EQ(ready("fraud"), 2);
  EXPECT_EQ(said("fraud", "Stalled"), "True NonRetriableExit");
  EXPECT_THAT(condition("fraud", "Stalled").message, HasSubstr("fraud-r2"));
}

TEST_F(EndpointStory, AReplicaThatDiesComesBack) {
  cluster.node("a", 8).quota("blue", 8);
  serve("fraud", 2);
  cluster.finish("fraud-r0-1-0", 1).pass(seconds(3));
  EXPECT_EQ(ready("fraud"), 1);
  cluster.pass(seconds(30));
  EXPECT_EQ(ready("fraud"), 2);
}

TEST_F(EndpointStory, ReplicasAboveTheProtectedGiveWayAndComeBack) {
  cluster.node("a", 4).quota("blue", 4);
  cluster.tier("firm", 0, [](api::SlaTier& tier) { tier.spec.preemptible = false; });
  serve("fraud", 4, [](auto& one) { one.spec.scaling.preemptible_above_replicas = 2; });
  EXPECT_EQ(ready("fraud"), 4);
  cluster.job("train", 2, 1, [](api::GpuJob& job) { job.spec.priority = 10; }).pass(minutes(1));
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(ready("fraud"), 2);
  cluster.finish("train-1-0", 0).finish("train-1-1", 0).pass(minutes(1));
  EXPECT_EQ(ready("fraud"), 4);
}

TEST_F(EndpointStory, TheProtectedReplicasGiveWayToNobody) {
  cluster.node("a", 2).quota("blue", 2);
  serve("fraud", 2);
  cluster.job("train", 2, 1, [](api::GpuJob& job) { job.spec.priority = 10; }).pass(minutes(1));
  EXPECT_EQ(ready("fraud"), 2);
  EXPECT_THAT(cluster.live_pods(), SizeIs(2));
}

}  // namespace
}  // namespace berth::integration
