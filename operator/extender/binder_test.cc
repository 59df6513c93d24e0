#include "operator/extender/binder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/extender/testing/world.h"

namespace berth::extender {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests
using kube::Method;
using kube::fake::Fault;
using ::testing::HasSubstr;
using ::testing::Optional;

class ExtenderBinder : public ::testing::Test {
 protected:
  // A worker that waits for node n1.
  Json worker(const std::string& job = "train") {
    world_.create_job(job, "n1");
    return world_.create_pod(worker_pod("blue", job, job + "-1-0"));
  }

  World world_;
};

TEST_F(ExtenderBinder, BindsTheVeryPodToItsNode) {
  const Json pod = worker();
  world_.sync();
  EXPECT_EQ(world_.bind(pod, "n1"), "");
  EXPECT_EQ(world_.node_of(pod), "n1");
  const Json binding = Json::parse(world_.transport.sent().back().request.body);
  EXPECT_EQ(binding["metadata"]["uid"], pod["metadata"]["uid"]);
}

TEST_F(ExtenderBinder, RefusesEveryOtherNode) {
  const Json pod = worker();
  world_.sync();
  EXPECT_THAT(world_.bind(pod, "n2"), Optional(HasSubstr("planned on another node than n2")));
  EXPECT_EQ(world_.bindings_sent(), 0u);
}

TEST_F(ExtenderBinder, RefusesBeforeItsCachesAreSynced) {
  const Json pod = worker();
  EXPECT_EQ(world_.bind(pod, "n1"), "cache not synced");
  EXPECT_EQ(world_.bindings_sent(), 0u);
}

TEST_F(ExtenderBinder, SucceedsWhenTheReplyWasLost) {
  const Json pod = worker();
  world_.sync();
  world_.inject(Method::Post, "/binding", Fault::lost_reply());
  EXPECT_EQ(world_.bind(pod, "n1"), "");
  EXPECT_EQ(world_.node_of(pod), "n1");
}

TEST_F(ExtenderBinder, SucceedsAgainWhenItIsAskedAgain) {
  const Json pod = worker();
  world_.sync();
  EXPECT_EQ(world_.bind(pod, "n1"), "");
  EXPECT_EQ(world_.bind(pod, "n1"), "") << "409, and the pod is where it should be";
}

TEST_F(ExtenderBinder, FailsWhenThePodIsBoundElsewhere) {
  const Json pod = worker();
  world_.sync();
  world_.transport.stall_streams(true);
  world_.api.handle(kube::bind_pod("blue", "train-1-0", {}, "n2"));
  EXPECT_THAT(world_.bind(pod, "n1"), Optional(HasSubstr("already assigned")));
}

TEST_F(ExtenderBinder, FailsWhenTheServerCannotBeReached) {
  const Json pod = worker();
  world_.sync();
  world_.inject(Method::Post, "/binding", Fault::refused());
  const auto error = world_.bind(pod, "n1");
  ASSERT_TRUE(error);
  EXPECT_NE(*error, "");
  EXPECT_EQ(world_.node_of(pod), "");
  EXPECT_EQ(world_.bind(pod, "n1"), "") << "and the next try succeeds";
}

TEST_F(ExtenderBinder, FailsWhenNobodyKnowsWhatBecameOfTheBinding) {
  const Json pod = worker();
  world_.sync();
  world_.inject(Method::Post, "/binding", Fault::lost_reply());
  world_.inject(Method::Get, "/pods/train-1-0", Fault::lost_reply());
  EXPECT_NE(world_.bind(pod, "n1"), "");
  EXPECT_EQ(world_.bind(pod, "n1"), "");
}

TEST_F(ExtenderBinder, ReadsAPodThatTheWatchHasNotShown) {
  world_.create_job("train", "n1");
  world_.sync();
  world_.transport.stall_streams(true);
  const Json pod = world_.create_pod(worker_pod("blue", "train", "train-1-0"));
  EXPECT_EQ(world_.bind(pod, "n1"), "");
}

TEST_F(ExtenderBinder, ReadsAPlacementThatTheWatchHasNotShown) {
  world_.sync();
  world_.transport.stall_streams(true);
  const Json pod = worker();
  EXPECT_EQ(world_.bind(pod, "n1"), "");
}

TEST_F(ExtenderBinder, ReadsEachUnknownOnceOnly) {
  world_.sync();
  const Json ghost = {{"metadata", {{"name", "p"}, {"namespace", "blue"}, {"uid", "u"}}}};
  world_.transport.forget_sent();
  EXPECT_THAT(world_.bind(ghost, "n1"), Optional(HasSubstr("gone or another one")));
  EXPECT_EQ(world_.transport.sent().size(), 1u);
}

TEST_F(ExtenderBinder, SaysThatItCouldNotReadAPodRatherThanThatItIsGone) {
  world_.create_job("train", "n1");
  world_.sync();
  world_.transport.stall_streams(true);
  const Json pod = world_.create_pod(worker_pod("blue", "train", "train-1-0"));
  world_.inject(Method::Get, "/pods/train-1-0", Fault::refused());
  EXPECT_THAT(world_.bind(pod, "n1"), Optional(HasSubstr("(get Pod blue/train-1-0: ")));
}

TEST_F(ExtenderBinder, RefusesAWorkerWhoseAttemptIsOver) {
  const Json pod = worker();
  world_.sync();
  world_.place("train", "n2", 2);
  world_.run();
  EXPECT_THAT(world_.bind(pod, "n1"), Optional(HasSubstr("no worker of the current attempt")));
}

TEST_F(ExtenderBinder, RefusesAPodThatWasReplaced) {
  Json pod = worker();
  world_.sync();
  pod["metadata"]["uid"] = "the one before";
  EXPECT_THAT(world_.bind(pod, "n1"), Optional(HasSubstr("another one of the same name")));
  EXPECT_EQ(world_.bindings_sent(), 0u);
}

TEST_F(ExtenderBinder, GivesTheLastDevicesToOnePodOnly) {
  const Json first = world_.create_pod(with_devices(plain_pod("x", "first"), 5));
  const Json second = world_.create_pod(with_devices(plain_pod("x", "second"), 5));
  world_.sync();
  world_.transport.stall_streams(true);
  EXPECT_EQ(world_.bind(first, "n1"), "");
  EXPECT_THAT(world_.bind(second, "n1"), Optional(HasSubstr("held for other work")));
  EXPECT_EQ(world_.bind(second, "n2"), "");
}

TEST_F(ExtenderBinder, FreesTheDevicesOfABindingThatWasRefused) {
  const Json first = world_.create_pod(with_devices(plain_pod("x", "first"), 5));
  const Json second = world_.create_pod(with_devices(plain_pod("x", "second"), 5));
  world_.sync();
  world_.inject(Method::Post, "/pods/first/binding", Fault::status(403));
  EXPECT_NE(world_.bind(first, "n1"), "");
  EXPECT_EQ(world_.bind(second, "n1"), "");
}

TEST_F(ExtenderBinder, KeepsPodsWithoutQuotaOffAPlannedNode) {
  world_.create_job("train", "n1");
  const Json pod = world_.create_pod(with_devices(plain_pod("x", "p"), 8));
  world_.sync();
  EXPECT_THAT(world_.bind(pod, "n1"), Optional(HasSubstr("held for other work")));
  EXPECT_EQ(world_.bind(pod, "n2"), "");
}

}  // namespace
}  // namespace berth::extender
