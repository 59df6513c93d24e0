#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "api/codec.h"
#include "api/inferenceendpoint.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"
#include "tests/integration/router_page.h"

// A cluster with one InferenceEndpoint, "fraud", behind one router that says what a test wants.
namespace berth::integration {

// The metrics of one router with a steady load, or one that does not answer.
class SteadyRouter final : public control::MetricsFetcher {
 public:
  explicit SteadyRouter(const Clock& clock) : clock_(clock) {}

  void carries(int64_t in_flight) {
    settle();
    counts_.in_flight = in_flight;
  }
  // Requests within 50 ms, above it, and failed at once.
  void answers_with(int64_t fast, int64_t slow = 0, int64_t errors = 0) {
    counts_.answered += fast + slow;
    counts_.late += slow;
    counts_.errors += errors;
  }
  bool answers = true;

  void fetch(const std::string&, int port, Reply reply) override {
    EXPECT_EQ(port, 9090);
    if (!answers) return reply(Error{Code::Unavailable, "no route to host"});
    settle();
    reply(router_page("fraud", counts_));
  }

 private:
  void settle() {
    const Monotonic now = clock_.monotonic();
    counts_.carried += (now - since_) * counts_.in_flight;
    since_ = now;
  }

  const Clock& clock_;
  Monotonic since_{};
  RouterCounts counts_;
};

class EndpointCluster : public testing::Test {
 protected:
  EndpointCluster() : router(cluster.clock) {
    cluster.first().crash();
    cluster.fetcher = &router;
    cluster.start_operator("operator-scales");
    cluster.pass(std::chrono::minutes(1));
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
    EXPECT_THAT(cluster.broken(), testing::IsEmpty());
    cluster.fetcher = nullptr;
  }
  void must(const kube::Request& request) {
    const kube::Response reply = cluster.server.handle(request);
    EXPECT_LT(reply.status, 300) << reply.body;
  }
  // Four requests in flight per replica; one goes per half a minute.
  using Change = std::function<void(api::InferenceEndpoint&)>;
  void serve(int64_t least, int64_t most, const Change& change = {}) {
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
    if (change) change(one);
    Json object = api::to_json(one);
    object.erase("status");
    must(kube::create(kube::kInferenceEndpoints, object));
    cluster.pass(std::chrono::seconds(30));
  }
  Json status() const {
    return (*cluster.server.find(kube::kInferenceEndpoints, "blue", "fraud"))["status"];
  }
  int64_t ready() const { return status()["replicas"].value("ready", 0); }

  Cluster cluster;
  SteadyRouter router;
};

}  // namespace berth::integration
