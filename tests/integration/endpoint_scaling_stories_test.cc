#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/inferenceendpoint.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Replicas that follow the load which the routers of their namespace count.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

// The metrics of one router with a steady load, or one that does not answer.
class SteadyRouter final : public control::MetricsFetcher {
 public:
  explicit SteadyRouter(const Clock& clock) : clock_(clock) {}

  void carries(int64_t in_flight) {
    settle();
    in_flight_ = in_flight;
  }
  bool answers = true;

  void fetch(const std::string&, int port, Reply reply) override {
    EXPECT_EQ(port, 9090);
    if (!answers) return reply(Error{Code::Unavailable, "no route to host"});
    settle();
    const std::string label = "{endpoint=\"fraud\"} ";
    reply("berth_router_in_flight" + label + std::to_string(in_flight_) +
          "\nberth_router_concurrency_seconds_total" + label +
          std::to_string(static_cast<double>(request_ms_) / 1000) + "\n");
  }

 private:
  void settle() {
    const Monotonic now = clock_.monotonic();
    request_ms_ += (now - since_).count() * in_flight_;
    since_ = now;
  }

  const Clock& clock_;
  Monotonic since_{};
  int64_t in_flight_ = 0;
  int64_t request_ms_ = 0;
};

class EndpointScaling : public testing::Test {
 protected:
  EndpointScaling() : router(cluster.clock) {
    cluster.first().crash();
    cluster.fetcher = &router;
    cluster.start_operator("operator-scales");
    cluster.pass(minutes(1));
    cluster.node("a", 16).quota("blue", 16);
    must(kube::create(kube::kPods,
                      {{"metadata",
                        {{"name", "berth-router-abc-1"},
                         {"namespace", "blue"},
                         {"ownerReferences",
                          {{{"apiVersion", "apps/v1"},
                            {"kind", "ReplicaSet"},
                            {"name", "berth-router-abc"},
                            {"uid", "uid-of-routers"},
                            {"controller", true}}}}}},
                       {"spec", {{"nodeName", "a"}, {"containers", {{{"name", "router"}}}}}}}));
  }
  void TearDown() override {
    EXPECT_THAT(cluster.broken(), IsEmpty());
    cluster.fetcher = nullptr;
  }
  void must(const kube::Request& request) {
    const kube::Response reply = cluster.server.handle(request);
    EXPECT_LT(reply.status, 300) << reply.body;
  }
  // Four requests in flight per replica; one goes per half a minute.
  void serve(int64_t least, int64_t most) {
    api::InferenceEndpoint one;
    one.meta.name = "fraud";
    one.meta.name_space = "blue";
    one.spec.model = {.uri = "pvc://models/fraud"};
    one.spec.worker.image = "example/serve@sha256:" + std::string(64, '0');
    one.spec.worker.devices = {{.device_class = kH200, .count = 1}};
    one.spec.scaling.min_replicas = least;
    one.spec.scaling.max_replicas = most;
    one.spec.scaling.concurrency_per_replica = 4;
    one.spec.scaling.scale_down_delay_seconds = 30;
    Json object = api::to_json(one);
    object.erase("status");
    must(kube::create(kube::kInferenceEndpoints, object));
    cluster.pass(seconds(30));
  }
  Json status() const {
    return (*cluster.server.find(kube::kInferenceEndpoints, "blue", "fraud"))["status"];
  }
  int64_t ready() const { return status()["replicas"].value("ready", 0); }

  Cluster cluster;
  SteadyRouter router;
};

TEST_F(EndpointScaling, ReplicasFollowTheLoadBothWays) {
  serve(1, 8);
  EXPECT_EQ(ready(), 1);
  router.carries(20);
  cluster.pass(minutes(3));
  EXPECT_EQ(ready(), 5);
  EXPECT_THAT(status()["lastDecisions"].back().dump(), HasSubstr("ScaleUp"));
  router.carries(6);
  cluster.pass(minutes(8));
  EXPECT_EQ(ready(), 2);
  EXPECT_EQ(cluster.used("blue"), 2);
}

TEST_F(EndpointScaling, NeverMoreThanAllowed) {
  serve(1, 3);
  router.carries(1000);
  cluster.pass(minutes(3));
  EXPECT_EQ(ready(), 3);
}

TEST_F(EndpointScaling, SleepsWhenNobodyAsksAndWakesForTheFirstRequest) {
  serve(0, 4);
  cluster.pass(minutes(5));
  EXPECT_EQ(ready(), 0);
  EXPECT_EQ(cluster.used("blue"), 0);
  router.carries(1);
  cluster.pass(seconds(15));
  EXPECT_EQ(ready(), 1);
}

TEST_F(EndpointScaling, ARouterThatDoesNotAnswerTakesNothingAway) {
  serve(1, 8);
  router.carries(20);
  cluster.pass(minutes(3));
  router.carries(0);
  router.answers = false;
  cluster.pass(minutes(20));
  EXPECT_EQ(ready(), 5);
}

TEST_F(EndpointScaling, ANewOperatorKeepsWhatItFinds) {
  serve(1, 8);
  router.carries(20);
  cluster.pass(minutes(3));
  cluster.newest().crash();
  router.answers = false;
  cluster.start_operator("operator-next");
  cluster.pass(minutes(5));
  EXPECT_EQ(ready(), 5);
  router.answers = true;
  cluster.pass(minutes(5));
  EXPECT_EQ(ready(), 5);
}

}  // namespace
}  // namespace berth::integration
