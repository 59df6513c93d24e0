#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cluster.h"

// Writes are the budget of the whole control plane: what a quiet life costs, counted at the server.
namespace berth::integration {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Writes : public testing::Test {
 protected:
  // Writes whose path contains `part`, by the operator, since the last forget().
  int count(kube::Method method, const std::string& part) {
    int found = 0;
    for (const auto& sent : cluster.first().transport->sent()) {
      if (sent.request.method == method && sent.request.path.find(part) != std::string::npos) {
        ++found;
      }
    }
    return found;
  }
  int all() {
    int found = 0;
    for (const auto& sent : cluster.first().transport->sent()) {
      const bool lease = sent.request.path.find("/leases") != std::string::npos;
      if (sent.request.method != kube::Method::Get && !lease) ++found;
    }
    return found;
  }
  void forget() { cluster.first().transport->forget_sent(); }

  Cluster cluster;
};

TEST_F(Writes, AQuietLifeOfAJobStaysWithinItsBudget) {
  cluster.node("a", 8).quota("blue", 8).job("before", 2).settle();  // the Service is there then
  cluster.finish("before-1-0", 0).finish("before-1-1", 0).pass(seconds(10));
  forget();
  cluster.job("train", 2).behaves("train", {.runs = seconds(60)}).pass(seconds(120));
  ASSERT_TRUE(cluster.is_finished("train"));
  EXPECT_EQ(count(kube::Method::Put, "gpujobs/train/status"), 3);
  EXPECT_EQ(count(kube::Method::Post, "/pods"), 2);
  EXPECT_EQ(count(kube::Method::Patch, "gpujobs/train"), 1);     // its finalizer
  EXPECT_EQ(count(kube::Method::Put, "quotas/blue/status"), 2);  // the charge and its release
  EXPECT_EQ(count(kube::Method::Post, "/events"), 1);            // admitted
  EXPECT_EQ(count(kube::Method::Post, "/endpointslices"), 1);    // where the gang meets
  EXPECT_EQ(count(kube::Method::Delete, "/endpointslices"), 1);  // and met no more
  EXPECT_EQ(count(kube::Method::Delete, ""), 1);
  EXPECT_EQ(all(), 3 + 2 + 1 + 2 + 1 + 2);
}

TEST_F(Writes, AWaitingJobCostsOneWriteHoweverLongItWaits) {
  cluster.node("a", 8).quota("blue", 1).job("waits", 2).pass(seconds(10));
  forget();
  cluster.pass(minutes(10));
  EXPECT_EQ(all(), 0);
}

TEST_F(Writes, NothingIsWrittenWhenNothingHappens) {
  cluster.node("a", 8).quota("blue", 4).job("train", 2).pass(seconds(10));
  forget();
  cluster.pass(minutes(10));
  EXPECT_EQ(all(), 0);
}

TEST_F(Writes, OnePassOfManyJobsWritesItsQuotaOnce) {
  cluster.node("a", 64).quota("blue", 64).settle();
  forget();
  for (int i = 0; i < 20; ++i) cluster.job("job-" + std::to_string(i), 1);
  cluster.settle();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(cluster.said("job-" + std::to_string(i), "Admitted"), "True Admitted");
  }
  EXPECT_LE(count(kube::Method::Put, "quotas/blue/status"), 3);
}

TEST_F(Writes, AHeartbeatOfANodeIsNoReasonForAWrite) {
  cluster.node("a", 8).quota("blue", 4).job("train", 2).job("waits", 8).pass(seconds(10));
  forget();
  for (int beat = 0; beat < 5; ++beat) {
    cluster.server.handle(kube::patch_status(
        kube::kNodes, "", "a", {{"status", {{"nodeInfo", {{"bootID", std::to_string(beat)}}}}}}));
    cluster.pass(seconds(60));
  }
  EXPECT_EQ(all(), 0);
}

// Workers of a running gang that stop answering and come back, again and again.
TEST_F(Writes, FlappingReadinessIsNotWrittenEachTime) {
  cluster.node("a", 8).quota("blue", 4).job("train", 1).settle();
  forget();
  const auto ready = [&](const char* status) {
    Json pod = cluster.pod("train-1-0");
    for (Json& condition : pod["status"]["conditions"]) {
      if (condition["type"] == "Ready") condition["status"] = status;
    }
    cluster.server.handle(
        kube::patch_status(kube::kPods, "blue", "train-1-0",
                           {{"status", {{"conditions", pod["status"]["conditions"]}}}}));
  };
  for (int flap = 0; flap < 10; ++flap) {
    ready("False");
    cluster.pass(Millis{300});
    ready("True");
    cluster.pass(Millis{300});
  }
  RecordProperty("status_writes", count(kube::Method::Put, "gpujobs/train/status"));
  EXPECT_LE(count(kube::Method::Put, "gpujobs/train/status"), 20);
}

}  // namespace
}  // namespace berth::integration
