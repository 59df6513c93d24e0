#include "tests/integration/rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/capacitypool.h"
#include "api/codec.h"
#include "api/inferenceendpoint.h"
#include "api/placementpolicy.h"
#include "api/reservation.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"

// The chart's rights and the calls that the operator makes are the same set. That none is missing
// is checked by every story (guard); here, that none is left over.
namespace berth::integration {
namespace {

using control::GatewaySettings;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;

// Asked for by the API server while it looks at another request, so no call of ours shows them.
const std::set<std::string> kIndirect = {"update gpujobs/finalizers.berth.dev",
                                         "update inferenceendpoints/finalizers.berth.dev",
                                         "bind clusterroles.rbac.authorization.k8s.io berth-router",
                                         "create endpointslices/restricted.discovery.k8s.io"};

// A kube-scheduler that does not run.
class Nobody final : public Part {
 public:
  bool turn() override { return false; }
  Monotonic next() const override { return Monotonic::max(); }
};

class RightsStory : public testing::Test {
 protected:
  void create(const kube::Resource& resource, Json object) {
    object.erase("status");
    const kube::Response reply = cluster.server.handle(kube::create(resource, object));
    EXPECT_LT(reply.status, 300) << reply.body;
  }

  // Another operator comes after the first, in a cluster that has lost its Lease.
  void start_anew() {
    for (Process* process : cluster.operators()) process->crash();
    cluster.server.handle(
        kube::remove(kube::kLeases, cluster.settings.name_space, cluster.settings.lease_name));
    start("operator-next");
  }

  Process& start(const std::string& identity) {
    Process& process = cluster.start_operator(identity);
    rights.note_use(*process.transport, unused);
    return process;
  }

  void give_every_kind_a_status() {
    cluster.node("a", 8).node("b", 8).quota("blue", 8).tier("gold", 1);
    api::CapacityPool pool;
    pool.meta.name = "pool";
    pool.spec.node_selector = {{"nvidia.com/gpu.product", "NVIDIA-H200"}};
    pool.spec.device_class = kH200;
    pool.spec.resource = "nvidia.com/gpu";
    create(kube::kCapacityPools, api::to_json(pool));
    api::PlacementPolicy policy;
    policy.meta.name = "policy";
    policy.spec.mode = api::PolicyMode::Enforce;
    policy.spec.require.push_back({.classes = {kH200}});
    create(kube::kPlacementPolicies, api::to_json(policy));
    api::Reservation booked;
    booked.meta.name = "booked";
    booked.meta.name_space = "blue";
    booked.spec.device_class = kH200;
    booked.spec.count = 1;
    booked.spec.start = cluster.clock.now() + minutes(60);
    booked.spec.duration_seconds = 3'600;
    create(kube::kReservations, api::to_json(booked));
    cluster.pass(minutes(1));
  }

  // From its creation to its deletion by the operator, with a gang that meets.
  void live_a_job() {
    cluster
        .job("train", 2, 1,
             [](api::GpuJob& job) { job.spec.limits.ttl_seconds_after_finished = 5; })
        .pass(seconds(10));
    cluster.finish("train-1-0", 0).finish("train-1-1", 0).pass(seconds(30));
    EXPECT_FALSE(cluster.has_job("train"));
    cluster.job("stops", 1).pass(seconds(10));
    cluster.change_job("stops", [](api::GpuJob& job) { job.spec.suspend = true; })
        .pass(seconds(30));
    EXPECT_THAT(cluster.live_pods(), IsEmpty());
  }

  // A pod of a ReplicaSet is let go, is not bound, and is evicted for its successor.
  void fail_a_foreign_plan() {
    cluster.add_scheduler(nobody);
    cluster.gated_pod("web", 1);
    const Json owner = {{"apiVersion", "apps/v1"},
                        {"kind", "ReplicaSet"},
                        {"name", "web"},
                        {"uid", "uid-of-web"},
                        {"controller", true}};
    cluster.server.handle(kube::patch_merge(
        kube::kPods, "blue", "web", {{"metadata", {{"ownerReferences", Json::array({owner})}}}}));
    cluster.pass(minutes(10));
  }

  // For operators from here on; what it takes besides is unused so far.
  void set(const GatewaySettings& gateway) {
    cluster.settings.gateway = gateway;
    rights = rights_of(cluster.settings);
    unused = rights.all();
    for (const std::string& right : Rights::of("berth-operator").all()) unused.erase(right);
  }

  void serve() {
    api::InferenceEndpoint one;
    one.meta.name = "fraud";
    one.meta.name_space = "blue";
    one.spec.model = {.uri = "pvc://models/fraud"};
    one.spec.worker.image = "example/serve@sha256:" + std::string(64, '0');
    one.spec.worker.devices = {{.device_class = kH200, .count = 1}};
    one.spec.scaling = {.min_replicas = 1, .max_replicas = 2};
    create(kube::kInferenceEndpoints, api::to_json(one));
    cluster.pass(seconds(30));
  }

  // With its router, from the first replica to the last, over an upgrade of Berth.
  void serve_a_model() {
    serve();
    cluster.settings.router.image = "example/router:next";
    for (Process* process : cluster.operators()) process->crash();
    start("operator-upgraded");
    cluster.pass(minutes(2));
    cluster.remove(kube::kInferenceEndpoints, "fraud").pass(seconds(30));
  }

  // The same is said of one job again and again, which is one event and its count.
  void repeat_an_event() {
    cluster.job("big", 8, 4).pass(seconds(30));
    for (int i = 0; i < 3; ++i) {
      cluster.change_job("big", [](api::GpuJob& job) { job.spec.suspend = true; })
          .pass(seconds(40));
      cluster.change_job("big", [](api::GpuJob& job) { job.spec.suspend = false; })
          .pass(seconds(40));
    }
    cluster.delete_job("big").pass(seconds(30));
  }

  Nobody nobody;
  Cluster cluster;
  Rights rights = Rights::of("berth-operator");
  std::set<std::string> unused = rights.all();
};

TEST_F(RightsStory, EveryRightThatTheChartGivesIsUsed) {
  for (const std::string& right : kIndirect) EXPECT_EQ(unused.erase(right), 1U) << right;
  start_anew();
  give_every_kind_a_status();
  live_a_job();
  serve_a_model();
  repeat_an_event();
  fail_a_foreign_plan();
  // An API server without streaming lists is asked for lists.
  cluster.server.serve_streaming_lists(false);
  for (Process* process : cluster.operators()) process->crash();
  Process& last = start("operator-last");
  cluster.pass(minutes(2));
  EXPECT_TRUE(last.program->is_leading());
  EXPECT_THAT(unused, IsEmpty()) << "take them out of the chart, or say who needs them";
  EXPECT_THAT(cluster.broken(), IsEmpty());
}

TEST_F(RightsStory, EveryRightThatAGatewayTakesIsUsed) {
  cluster.node("a", 8).quota("blue", 8);
  GatewaySettings gateway{.name = "public", .name_space = "infra"};
  set(gateway);
  start_anew();
  serve();
  // A list in pages, and a route that is another.
  cluster.server.serve_streaming_lists(false);
  gateway.hostname = "{name}.{namespace}.example.com";
  cluster.settings.gateway = gateway;
  start_anew();
  cluster.pass(minutes(2));
  EXPECT_THAT(unused, IsEmpty()) << "of rbac-gateway.txt";
  gateway.is_withdrawn = true;
  set(gateway);
  start_anew();
  cluster.pass(minutes(2));
  EXPECT_THAT(unused, IsEmpty()) << "of rbac-withdrawn.txt";
}

TEST(Rights, AreAskedForAsTheApiServerAsks) {
  Rights rights;
  rights.add("pods/eviction", "*", "*", "create");
  rights.add("leases.coordination.k8s.io", "system", "one", "get,update");
  rights.add("services", "*", "berth", "list,watch");
  EXPECT_TRUE(rights.allow(kube::evict("blue", "p")));
  EXPECT_FALSE(rights.allow(kube::remove(kube::kPods, "blue", "p")));
  EXPECT_TRUE(rights.allow(kube::get(kube::kLeases, "system", "one")));
  EXPECT_FALSE(rights.allow(kube::get(kube::kLeases, "system", "two")));
  EXPECT_FALSE(rights.allow(kube::get(kube::kLeases, "blue", "one")));
  EXPECT_FALSE(rights.allow(kube::list(kube::kServices)));
  EXPECT_TRUE(
      rights.allow(kube::list(kube::kServices, {.select = {.fields = "metadata.name=berth"}})));
  EXPECT_TRUE(
      rights.allow(kube::watch(kube::kServices, {.select = {.fields = "metadata.name=berth"}})));
}

// Without this, a guard that lets everything pass would look like one.
TEST_F(RightsStory, AMissingRightIsMissed) {
  Rights few;
  few.add("gpujobs.berth.dev", "*", "*", "list,watch,patch");
  std::set<std::string> missed;
  few.refuse_others(*cluster.first().transport,
                    [&](const std::string& right) { missed.insert(right); });
  cluster.node("a", 8).quota("blue", 8).job("train", 1).pass(seconds(10));
  EXPECT_THAT(cluster.pods(), IsEmpty());
  EXPECT_THAT(missed, testing::Contains("update quotas/status.berth.dev '' 'blue'"));
}

}  // namespace
}  // namespace berth::integration
