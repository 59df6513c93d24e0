#include "router/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/request.h"
#include "router/flags.h"

namespace berth::router {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Json kSpec = {
    {"model", {{"name", "fraud"}, {"alias", "champion"}}},
    {"worker",
     {{"image", "i@sha256:" + std::string(64, 'a')},
      {"devices", Json::array({{{"class", "cpu"}}})},
      {"requestTimeoutMilliseconds", 700},
      {"maxQueuedRequests", 9}}},
    {"routes",
     Json::array({{{"name", "ab"}, {"splitKeyHeader", "x-user"}, {"candidatePercent", 10}}})},
    {"rollout",
     {{"candidate", {{"alias", "candidate"}}},
      {"steps", Json::array({{{"mirrorPercent", 30}}, {{"weightPercent", 5}}})}}},
    {"slo", {{"latency", {{"milliseconds", 30}, {"basisPoints", 9900}}}}}};

class ClusterTest : public ::testing::Test {
 protected:
  void create(const kube::Resource& resource, Json object) {
    object["apiVersion"] = kube::api_version(resource);
    object["kind"] = resource.kind;
    const auto response = server_.handle(kube::create(resource, object));
    ASSERT_EQ(response.status, 201) << response.body;
  }
  void create_endpoint(const std::string& name, const std::string& name_space = "default") {
    create(kube::kInferenceEndpoints,
           {{"metadata", {{"name", name}, {"namespace", name_space}}}, {"spec", kSpec}});
  }
  void create_pod(const std::string& name, Json labels) {
    create(kube::kPods,
           {{"metadata", {{"name", name}, {"namespace", "default"}, {"labels", std::move(labels)}}},
            {"spec", {{"containers", Json::array()}}}});
  }
  void set_status(const kube::Resource& resource, const std::string& name, const Json& status) {
    const auto response =
        server_.handle(kube::patch_status(resource, "default", name, {{"status", status}}));
    ASSERT_EQ(response.status, 200) << response.body;
  }
  void make_ready(const std::string& pod, const std::string& address, bool is_ready = true) {
    const Json condition = {{"type", "Ready"}, {"status", is_ready ? "True" : "False"}};
    set_status(kube::kPods, pod, {{"podIP", address}, {"conditions", Json::array({condition})}});
  }
  void run(Millis time = Millis{0}) {
    for (int i = 0; i < 40; ++i) {
      clock_.advance(time / 40);
      cluster_.tick(clock_.monotonic());
      transport_.poll();
    }
  }
  const Endpoint& fraud() { return tables_.back().endpoints.at("fraud"); }

  ManualClock clock_;
  NoLog log_;
  kube::fake::FakeServer server_{clock_};
  kube::fake::FakeTransport transport_{server_, clock_};
  std::vector<RouteTable> tables_;
  Cluster cluster_{transport_,
                   {.name_space = "default"},
                   [this](RouteTable table) { tables_.push_back(std::move(table)); },
                   log_};
};

TEST_F(ClusterTest, KnowsEndpointsAndTheirReadyPods) {
  create_endpoint("fraud");
  create_endpoint("elsewhere", "kube-system");
  create_pod("one", {{"berth.dev/endpoint", "fraud"}});
  create_pod("two", {{"berth.dev/endpoint", "fraud"}, {"berth.dev/variant", "Candidate"}});
  create_pod("stranger", {{"app", "other"}});
  make_ready("one", "10.0.0.1");
  make_ready("two", "10.0.0.2");
  make_ready("stranger", "10.0.0.3");
  cluster_.start();
  EXPECT_FALSE(cluster_.synced());
  run();
  EXPECT_TRUE(cluster_.synced());
  ASSERT_THAT(tables_, SizeIs(1));
  EXPECT_THAT(tables_.back().endpoints, SizeIs(1));
  EXPECT_EQ(fraud().timeout, Millis{700});
  EXPECT_EQ(fraud().held_max, 9);
  ASSERT_TRUE(fraud().slo && fraud().slo->latency);
  EXPECT_EQ(fraud().slo->latency->milliseconds, 30);
  EXPECT_THAT(fraud().routes, SizeIs(1));
  ASSERT_THAT(fraud().replicas, SizeIs(2));
  EXPECT_EQ(fraud().replicas[0].address, "10.0.0.1");
  EXPECT_EQ(fraud().replicas[0].rest_port, 8080);
  EXPECT_EQ(fraud().replicas[1].variant, Variant::Candidate);
}

TEST_F(ClusterTest, SendsNothingToPodsThatAreNotReadyOrLeave) {
  create_endpoint("fraud");
  create_pod("one", {{"berth.dev/endpoint", "fraud"}});
  cluster_.start();
  run();
  EXPECT_THAT(fraud().replicas, IsEmpty());
  make_ready("one", "10.0.0.1");
  run();
  EXPECT_THAT(fraud().replicas, SizeIs(1));
  make_ready("one", "10.0.0.1", false);
  run();
  EXPECT_THAT(fraud().replicas, IsEmpty());
  make_ready("one", "10.0.0.1");
  run();
  server_.handle(kube::remove(kube::kPods, "default", "one", {.grace_seconds = 30}));
  run();
  EXPECT_THAT(fraud().replicas, IsEmpty());
}

// Whoever writes the status of a pod chooses its address: the router's own is none of a replica.
TEST_F(ClusterTest, SendsNothingWhereNoPodCanBe) {
  create_endpoint("fraud");
  create_pod("one", {{"berth.dev/endpoint", "fraud"}});
  cluster_.start();
  for (const char* address : {"127.0.0.1", "0.0.0.0", "::1", "169.254.169.254", "localhost", ""}) {
    make_ready("one", address);
    run();
    EXPECT_THAT(fraud().replicas, IsEmpty()) << address;
  }
}

TEST_F(ClusterTest, FollowsWeightsAndTheStepOfARollout) {
  create_endpoint("fraud");
  cluster_.start();
  run();
  EXPECT_EQ(fraud().candidate_percent, 0);
  EXPECT_EQ(fraud().mirror_percent, 0);
  set_status(kube::kInferenceEndpoints, "fraud",
             {{"rollout", {{"step", 1}}},
              {"variants", Json::array({{{"role", "Stable"}, {"weightPercent", 95}},
                                        {{"role", "Candidate"}, {"weightPercent", 5}}})}});
  run();
  EXPECT_EQ(fraud().candidate_percent, 5);
  EXPECT_EQ(fraud().mirror_percent, 30);
}

TEST_F(ClusterTest, GoesOnWithWhatItKnowsWhileTheServerIsAway) {
  create_endpoint("fraud");
  create_pod("one", {{"berth.dev/endpoint", "fraud"}});
  make_ready("one", "10.0.0.1");
  cluster_.start();
  run();
  transport_.inject({.matches = [](const kube::Request&) { return true; },
                     .fault = kube::fake::Fault::refused(),
                     .times = 1'000'000});
  run(Millis{3'600'000});
  EXPECT_THAT(fraud().replicas, SizeIs(1));
  EXPECT_TRUE(cluster_.synced());
}

TEST(StaticTable, IsThatOfTheFlags) {
  const auto table = static_table({"fraud=127.0.0.1:80,81", "fraud=::1:90", "churn=10.0.0.1:1"});
  ASSERT_TRUE(table.ok());
  const auto& replicas = table->endpoints.at("fraud").replicas;
  ASSERT_THAT(replicas, SizeIs(2));
  EXPECT_EQ(replicas[0].grpc_port, 81);
  EXPECT_EQ(replicas[1].address, "::1");
  for (const char* const wrong : {"", "fraud", "=1.2.3.4:5", "a=:80", "a=b:x", "a=b:1,y"}) {
    EXPECT_THAT(static_table({wrong}).error().message, HasSubstr("NAME=ADDRESS:PORT")) << wrong;
  }
  EXPECT_THAT(static_table({"a=localhost:80"}).error().message,
              HasSubstr("'localhost' is no numeric address"));
}

}  // namespace
}  // namespace berth::router
