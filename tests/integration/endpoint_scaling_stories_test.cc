#include "tests/integration/endpoint_cluster.h"

// Replicas that follow the load which the routers of their namespace count.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

class EndpointScaling : public EndpointCluster {};

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

TEST_F(EndpointScaling, ANewOperatorGoesOnFromWhatTheOneBeforeHasLearned) {
  const auto known = [&] {  // five minutes of which the load is known
    const std::string days = status()["learned"].value("days", "");
    int64_t count = 0;
    for (size_t at = days.find(','); at != std::string::npos; at = days.find(',', at + 1)) {
      count += at + 1 < days.size() && std::isdigit(days[at + 1]) != 0;
    }
    return count;
  };
  serve(1, 8, [](api::InferenceEndpoint& one) {
    one.spec.scaling.concurrency_per_replica.reset();
    one.spec.slo = api::Slo{.latency = api::LatencyObjective{.milliseconds = 50}};
  });
  router.carries(20);
  cluster.pass(minutes(17));
  const int64_t before = known();
  EXPECT_GE(before, 3);
  const std::string samples = status()["learned"].value("samples", "");
  cluster.newest().crash();
  cluster.start_operator("operator-next");
  cluster.pass(minutes(7));
  EXPECT_GT(known(), before);
  EXPECT_EQ(status()["learned"].value("samples", "").substr(0, samples.find(';', 2)),
            samples.substr(0, samples.find(';', 2)));
}

}  // namespace
}  // namespace berth::integration
