#include "operator/extender/view.h"

#include <gtest/gtest.h>

#include "operator/extender/testing/calls.h"

namespace berth::extender {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests

class ExtenderView : public ::testing::Test {
 protected:
  ExtenderView() { view_.set_node("n1", NodeDevices{0, 8}); }

  std::optional<int64_t> free(const std::string& node = "n1",
                              const Json& asking = plain_pod("x", "asking")) {
    return view_.free_devices(node, 0, facts(asking));
  }

  View view_;
};

TEST_F(ExtenderView, KnowsItsWorkersByTheirWholeName) {
  const Plan plan = testing::plan("a", "train", 2, {"n1", "n2"});
  EXPECT_EQ(plan.worker("train-2-0")->node, "n1");
  EXPECT_EQ(plan.worker("train-2-1")->node, "n2");
  for (const char* const name : {"train-2-2", "train-1-0", "train-2-", "train-2-00", "train-2-0x",
                                 "train-2--1", "train-20", "rain-2-0", ""}) {
    EXPECT_EQ(plan.worker(name), nullptr) << name;
  }
}

TEST_F(ExtenderView, CountsAPlanUntilItsPodsAreBound) {
  view_.set_plan(plan("a", "train", 1, {"n1", "n1"}, 2));
  EXPECT_EQ(free(), 4);
  view_.set_pod(facts(bound(with_devices(worker_pod("a", "train", "train-1-0"), 2), "n1")));
  EXPECT_EQ(free(), 4) << "the pod takes the place of its plan";
  view_.erase_plan("uid-of-train");
  EXPECT_EQ(free(), 6);
  view_.erase_pod("a", "train-1-0");
  EXPECT_EQ(free(), 8);
}

TEST_F(ExtenderView, MovesAPlanWithItsAttempt) {
  view_.set_node("n2", NodeDevices{0, 8});
  view_.set_plan(plan("a", "train", 1, {"n1"}, 3));
  view_.set_plan(plan("a", "train", 2, {"n2"}, 3));
  EXPECT_EQ(free("n1"), 8);
  EXPECT_EQ(free("n2"), 5);
}

TEST_F(ExtenderView, CountsAnAdmittedForeignPodOnItsPin) {
  view_.set_pod(facts(pinned(with_devices(plain_pod("a", "p"), 2), "n1")));
  EXPECT_EQ(free(), 6);
  view_.set_pod(facts(bound(pinned(with_devices(plain_pod("a", "p"), 2), "n1"), "n1")));
  EXPECT_EQ(free(), 6);
}

TEST_F(ExtenderView, CountsNothingForAPodThatHasEnded) {
  Json pod = bound(with_devices(plain_pod("a", "p"), 2), "n1");
  view_.set_pod(facts(pod));
  EXPECT_EQ(free(), 6);
  pod["status"]["phase"] = "Succeeded";
  view_.set_pod(facts(pod));
  EXPECT_EQ(free(), 8);
}

TEST_F(ExtenderView, LeavesOutWhatTheAskingPodHoldsItself) {
  const Json pod = bound(with_devices(plain_pod("a", "p"), 2), "n1");
  view_.set_pod(facts(pod));
  EXPECT_EQ(free("n1", pod), 8);
}

TEST_F(ExtenderView, RemembersACommitAgainstAnOlderEvent) {
  const Json pod = with_devices(plain_pod("a", "p"), 2);
  view_.set_pod(facts(pod));
  view_.commit(facts(pod), "n1");
  view_.set_pod(facts(pod));  // an event from before the binding
  EXPECT_EQ(free(), 6);
  view_.take_back(facts(pod));
  EXPECT_EQ(free(), 8);
}

TEST_F(ExtenderView, TakesANewPodOfTheSameNameForAnother) {
  Json pod = with_devices(plain_pod("a", "p"), 2);
  view_.commit(facts(pod), "n1");
  pod["metadata"]["uid"] = "another";
  view_.set_pod(facts(pod));
  EXPECT_EQ(free(), 8);
}

TEST_F(ExtenderView, HasNothingFreeBesidePodsThatAskForMoreThanANumberHolds) {
  for (const char* const name : {"p", "q", "r"}) {
    Json pod = pinned(plain_pod("x", name), "n1");
    pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = "9223372036854775807";
    view_.set_pod(facts(pod));
    EXPECT_LT(*free(), 0) << "and never so much that the sum begins anew";
  }
}

TEST_F(ExtenderView, KnowsNothingOfOtherResourcesAndNodes) {
  EXPECT_EQ(view_.free_devices("n1", 1, {}), std::nullopt);
  EXPECT_EQ(free("n2"), std::nullopt);
  view_.set_node("n1", std::nullopt);
  EXPECT_EQ(free("n1"), std::nullopt);
}

TEST_F(ExtenderView, KnowsWhichNamespacesHaveAQuota) {
  view_.set_quota("blue", {"a", "b"});
  view_.set_quota("red", {"b"});
  EXPECT_TRUE(view_.has_quota("a"));
  view_.set_quota("blue", {"c"});
  EXPECT_FALSE(view_.has_quota("a"));
  EXPECT_TRUE(view_.has_quota("b")) << "red has it too";
  view_.set_quota("red", {});
  EXPECT_FALSE(view_.has_quota("b"));
}

}  // namespace
}  // namespace berth::extender
