#include "api/capacitypool.h"
#include "tests/integration/endpoint_cluster.h"

// What an endpoint promises its callers, what it costs, and what its status says of both.
namespace berth::integration {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

class EndpointPromise : public EndpointCluster {
 protected:
  // 99.9 % without error, 99 % within 50 ms.
  static void promises(api::InferenceEndpoint& one) {
    one.spec.slo =
        api::Slo{.availability_basis_points = 9990,
                 .latency = api::LatencyObjective{.milliseconds = 50, .basis_points = 9900}};
  }
  void serve_with_promise() {
    serve(1, 1, promises);
    cluster.pass(minutes(1));
  }
  // So many requests every ten seconds.
  void load(Millis time, int64_t fast, int64_t slow = 0, int64_t errors = 0) {
    for (Millis passed{0}; passed < time; passed += seconds(10)) {
      router.answers_with(fast, slow, errors);
      cluster.pass(seconds(10));
    }
  }
  std::string said() const {
    const Json now = status();
    for (const Json& one : now["conditions"]) {
      if (one["type"] == "SLOMet") {
        return one["status"].get<std::string>() + " " + one["reason"].get<std::string>();
      }
    }
    return "";
  }
  Json slo() const { return status().value("slo", Json::object()); }
  void patch(const Json& change) {
    must(kube::patch_merge(kube::kInferenceEndpoints, "blue", "fraud", change));
  }
};

TEST_F(EndpointPromise, KeptIsTold) {
  serve_with_promise();
  load(minutes(10), 500, 2);
  EXPECT_EQ(said(), "True BudgetHealthy");
  EXPECT_EQ(slo()["availabilityBasisPoints"], 10'000);
  EXPECT_EQ(slo()["budgetRemainingBasisPoints"], 6015) << "0.4 % late of 1 % that may be";
  EXPECT_EQ(slo()["p95Milliseconds"], 48);
  EXPECT_FALSE(slo().value("frozen", false));
}

TEST_F(EndpointPromise, SaysNothingOfFewRequests) {
  serve_with_promise();
  load(minutes(2), 3, 0, 3);
  EXPECT_EQ(said(), "Unknown NotEnoughTraffic");
}

TEST_F(EndpointPromise, BrokenIsToldAtOnceAndFreezes) {
  serve_with_promise();
  load(minutes(10), 500);
  load(minutes(1), 400, 0, 100);
  EXPECT_EQ(said(), "False FastBurn");
  EXPECT_TRUE(slo().value("frozen", false));
}

TEST_F(EndpointPromise, IsJudgedByANewOperatorFromWhatTheLastOneCounted) {
  serve_with_promise();
  load(minutes(10), 500, 4);
  const Json before = slo();
  cluster.newest().crash();
  cluster.start_operator("operator-next");
  cluster.pass(minutes(3));
  load(minutes(2), 500, 4);
  EXPECT_EQ(said(), "True BudgetHealthy");
  EXPECT_NEAR(slo()["budgetRemainingBasisPoints"].get<double>(),
              before["budgetRemainingBasisPoints"].get<double>(), 10);
}

TEST_F(EndpointPromise, TakenBackIsNoLongerJudged) {
  serve_with_promise();
  load(minutes(5), 500);
  EXPECT_EQ(said(), "True BudgetHealthy");
  patch({{"spec", {{"slo", nullptr}}}});
  load(minutes(2), 500);
  EXPECT_EQ(said(), "");
  EXPECT_FALSE(slo().contains("counted"));
  EXPECT_TRUE(slo().contains("p99Milliseconds")) << "figures are for everybody";
}

TEST_F(EndpointPromise, FiguresAreWrittenOnceAMinuteAtMost) {
  serve_with_promise();
  load(minutes(5), 500);
  std::set<std::string> versions;
  for (int round = 0; round < 60; ++round) {
    load(seconds(10), 400 + round, round % 5);
    versions.insert((*cluster.server.find(kube::kInferenceEndpoints, "blue",
                                          "fraud"))["metadata"]["resourceVersion"]);
  }
  EXPECT_LE(versions.size(), 21U) << "ten minutes: figures and cost, once a minute each";
}

TEST_F(EndpointPromise, HowMuchAReplicaCarriesIsLearnedAtTheObjective) {
  serve(1, 12, [](api::InferenceEndpoint& one) {
    promises(one);
    one.spec.scaling.concurrency_per_replica.reset();  // batches of 32: half of one to begin with
  });
  router.carries(48);
  // What they carry together is too much for fewer than eight replicas.
  for (int round = 0; round < 200; ++round) {
    const bool is_enough = ready() >= 8;
    load(seconds(10), is_enough ? 2000 : 1600, is_enough ? 0 : 400);
  }
  EXPECT_GE(ready(), 8);
  EXPECT_LE(ready(), 10);
}

// Four of its eight replicas may be trimmed, beside a job that fills the rest of the quota. Then
// somebody comes who is worth more than both.
class Trimming : public EndpointPromise {
 protected:
  void fill() {
    serve(8, 8, [](api::InferenceEndpoint& one) {
      promises(one);
      one.spec.scaling.preemptible_above_replicas = 4;
    });
    cluster.job("batch", 1, 8);
    cluster.pass(minutes(5));
    EXPECT_EQ(ready(), 8);
    EXPECT_EQ(cluster.said("batch", "Ready"), "True AllWorkersReady");
  }
  void urgent_work_comes() {
    cluster.job("urgent", 1, 4, [](api::GpuJob& job) { job.spec.priority = 10; });
    cluster.pass(minutes(2));
    EXPECT_EQ(cluster.said("urgent", "Ready"), "True AllWorkersReady");
  }
};

TEST_F(Trimming, TakesReplicasBeforeAnyJobWhileTheBudgetHolds) {
  fill();
  load(minutes(10), 500);
  urgent_work_comes();
  EXPECT_EQ(ready(), 4);
  EXPECT_EQ(cluster.said("batch", "Ready"), "True AllWorkersReady");
}

TEST_F(Trimming, TakesJobsFirstOnceTheBudgetIsFrozen) {
  fill();
  load(minutes(10), 400, 0, 100);
  EXPECT_EQ(said(), "False FastBurn");
  urgent_work_comes();
  EXPECT_EQ(ready(), 8);
  EXPECT_NE(cluster.said("batch", "Ready"), "True AllWorkersReady");
}

TEST_F(EndpointPromise, WhatItCostsIsOnTheObject) {
  api::CapacityPool pool;
  pool.meta.name = "h200";
  pool.spec.device_class = kH200;
  pool.spec.resource = "nvidia.com/gpu";
  pool.spec.micro_usd_per_device_hour = 2'000'000;
  Json object = api::to_json(pool);
  object.erase("status");
  must(kube::create(kube::kCapacityPools, object));
  serve(2, 2);
  cluster.pass(hours(1));
  load(minutes(1), 1000);
  cluster.pass(minutes(1));
  const Json cost = status()["cost"];
  EXPECT_EQ(cost["basis"], "Allocation");
  EXPECT_EQ(cost["predictionsToday"], 6000);
  EXPECT_NEAR(cost["microUsdToday"].get<double>(), 4e6 * 62 / 60, 1e5);
  EXPECT_EQ(cost["microUsdMonth"], cost["microUsdToday"]);
  EXPECT_NEAR(cost["microUsdPer1kPredictions"].get<double>(),
              cost["microUsdToday"].get<double>() / 6, 1);
}

}  // namespace
}  // namespace berth::integration
