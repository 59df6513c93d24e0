#include "operator/extender/verbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "operator/extender/testing/calls.h"

namespace berth::extender {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A synced view of two nodes of eight devices, where namespace "blue" has a Quota.
class ExtenderVerbs : public ::testing::Test {
 protected:
  ExtenderVerbs() {
    view_.set_node("n1", NodeDevices{0, 8});
    view_.set_node("n2", NodeDevices{0, 8});
    view_.set_quota("blue", {"blue"});
    view_.set_synced(true);
  }

  FilterAnswer ask(const Json& pod, const std::vector<std::string>& nodes = {"n1", "n2"},
                   Reads done = {}) {
    body_ = filter_body(pod, nodes);
    return filter(**decoder_.filter_args(body_), view_, done);
  }
  FilterResult answer(const Json& pod, const std::vector<std::string>& nodes = {"n1", "n2"}) {
    return std::get<FilterResult>(ask(pod, nodes, {.owner = true, .pod = true}));
  }
  BindAnswer ask_bind(const Json& pod, const std::string& node, Reads done = {}) {
    return bind(*decoder_.binding_args(binding_body(pod, node)), view_, done);
  }
  bool may_bind(const Json& pod, const std::string& node) {
    return std::holds_alternative<Bindable>(ask_bind(pod, node, {.owner = true, .pod = true}));
  }
  std::string refusal(const Json& pod, const std::string& node) {
    const auto answered = ask_bind(pod, node, {.owner = true, .pod = true});
    const auto* refused = std::get_if<Refused>(&answered);
    return refused == nullptr ? "" : refused->error;
  }

  View view_;
  WireDecoder decoder_{kAccelerators};
  std::string body_;
};

TEST_F(ExtenderVerbs, AnswerOnlyErrorsUntilTheCachesAreSynced) {
  view_.set_synced(false);
  EXPECT_EQ(answer(plain_pod("x", "p")).error, "cache not synced");
  EXPECT_EQ(refusal(plain_pod("x", "p"), "n1"), "cache not synced");
}

TEST_F(ExtenderVerbs, AskForNodeNamesWhenWholeNodesCame) {
  body_ = R"({"Nodes":{"items":[]},"Pod":)" + plain_pod("x", "p").dump() + "}";
  const auto answered = filter(**decoder_.filter_args(body_), view_);
  EXPECT_THAT(std::get<FilterResult>(answered).error, HasSubstr("nodeCacheCapable"));
}

TEST_F(ExtenderVerbs, LetPodsThatAreNotBerthsBusinessGoAnywhere) {
  EXPECT_THAT(answer(plain_pod("blue", "p")).node_names, ElementsAre("n1", "n2"));
}

TEST_F(ExtenderVerbs, SendAWorkerToItsPlannedNodeOnly) {
  view_.set_plan(plan("blue", "train", 1, {"n2", "n1"}));
  EXPECT_THAT(answer(worker_pod("blue", "train", "train-1-0")).node_names, ElementsAre("n2"));
  EXPECT_THAT(answer(worker_pod("blue", "train", "train-1-1")).node_names, ElementsAre("n1"));
}

TEST_F(ExtenderVerbs, SayWhyWhenThePlannedNodeIsNotOffered) {
  view_.set_plan(plan("blue", "train", 1, {"n3"}));
  const FilterResult result = answer(worker_pod("blue", "train", "train-1-0"));
  EXPECT_THAT(result.node_names, IsEmpty());
  EXPECT_THAT(result.unresolvable, ElementsAre(FailedNode{"n1", kPlannedElsewhere},
                                               FailedNode{"n2", kPlannedElsewhere}));
  EXPECT_EQ(result.error, "");
}

TEST_F(ExtenderVerbs, GiveReasonsForASampleOfTheNodesOnly) {
  const std::vector<std::string> many(5'000, "n");
  view_.set_plan(plan("blue", "train", 1, {"n3"}));
  EXPECT_EQ(answer(worker_pod("blue", "train", "train-1-0"), many).unresolvable.size(),
            kReasonsMax);
}

TEST_F(ExtenderVerbs, AskOnceForAnOwnerTheyDoNotKnow) {
  const Json pod = worker_pod("blue", "train", "train-1-0");
  const ReadOwner want{"blue", {"GpuJob", "train", "uid-of-train"}};
  EXPECT_EQ(std::get<ReadOwner>(ask(pod)), want);
  EXPECT_EQ(answer(pod).error, "GpuJob blue/train of pod blue/train-1-0 has no placement");
}

TEST_F(ExtenderVerbs, AskAgainWhenTheirPlanIsOfAnotherAttempt) {
  view_.set_plan(plan("blue", "train", 1, {"n1"}));
  const Json pod = worker_pod("blue", "train", "train-2-0");
  EXPECT_TRUE(std::holds_alternative<ReadOwner>(ask(pod)));
  EXPECT_THAT(answer(pod).error, HasSubstr("no worker of the current attempt"));
}

TEST_F(ExtenderVerbs, HoldAWorkerWhosePlacementIsOnlyNominated) {
  Plan nominated = plan("blue", "train", 1, {"n1"});
  nominated.is_nominated = true;
  view_.set_plan(nominated);
  EXPECT_THAT(answer(worker_pod("blue", "train", "train-1-0")).error, HasSubstr("still waits"));
}

TEST_F(ExtenderVerbs, BindNobodyOnceTheEndOfTheAttemptIsStored) {
  Plan over = plan("blue", "train", 1, {"n1"});
  over.is_over = true;
  view_.set_plan(over);
  EXPECT_THAT(answer(worker_pod("blue", "train", "train-1-0")).error, HasSubstr("has ended"));
}

TEST_F(ExtenderVerbs, BelieveAnOwnerByItsUidAndNamespace) {
  view_.set_plan(plan("blue", "train", 1, {"n1"}));
  Json namesake = worker_pod("blue", "train", "train-1-0");
  namesake["metadata"]["ownerReferences"][0]["uid"] = "another";
  EXPECT_THAT(answer(namesake).error, HasSubstr("has no placement"));
  EXPECT_THAT(answer(worker_pod("red", "train", "train-1-0")).error,
              HasSubstr("different namespaces"));
}

TEST_F(ExtenderVerbs, BelieveNoLabelAndNoAnnotation) {
  view_.set_plan(plan("blue", "train", 1, {"n1"}));
  Json forged = with_devices(plain_pod("blue", "train-1-0"), 1);
  forged["metadata"]["labels"] = {{"berth.dev/job", "train"}, {"berth.dev/index", "0"}};
  forged["metadata"]["annotations"] = {{"berth.dev/plan", "n1"}};
  EXPECT_THAT(answer(forged).node_names, IsEmpty());
}

TEST_F(ExtenderVerbs, SendAnAdmittedForeignPodToItsPin) {
  const Json pod = pinned(with_devices(plain_pod("blue", "p"), 2), "n2");
  EXPECT_THAT(answer(pod).node_names, ElementsAre("n2"));
  EXPECT_THAT(answer(pod, {"n1"}).node_names, IsEmpty());
}

TEST_F(ExtenderVerbs, RefuseAForeignPodThatNobodyAdmitted) {
  const FilterResult result = answer(with_devices(plain_pod("blue", "p"), 2));
  EXPECT_THAT(result.node_names, IsEmpty());
  EXPECT_EQ(result.unresolvable.at(0).reason, kNotAdmitted);
  EXPECT_EQ(result.error, "");
}

TEST_F(ExtenderVerbs, PutAPodWithoutQuotaOnTheTightestNode) {
  view_.set_pod(facts(bound(with_devices(plain_pod("x", "a"), 5), "n2")));
  EXPECT_THAT(answer(with_devices(plain_pod("x", "p"), 2)).node_names, ElementsAre("n2"));
  EXPECT_THAT(answer(with_devices(plain_pod("x", "p"), 4)).node_names, ElementsAre("n1"));
}

TEST_F(ExtenderVerbs, KeepPodsWithoutQuotaOffDevicesThatArePromised) {
  view_.set_plan(plan("blue", "train", 1, {"n1"}, 7));
  Plan nominated = plan("blue", "next", 1, {"n2"}, 7);
  nominated.is_nominated = true;
  view_.set_plan(nominated);
  EXPECT_THAT(answer(with_devices(plain_pod("x", "p"), 1)).node_names, ElementsAre("n1"));
  const FilterResult result = answer(with_devices(plain_pod("x", "p"), 2));
  EXPECT_THAT(result.node_names, IsEmpty());
  EXPECT_EQ(result.unresolvable.at(0).reason, kDevicesHeld);
}

TEST_F(ExtenderVerbs, RefuseAPodThatWantsTwoKindsOfDevices) {
  Json pod = with_devices(plain_pod("x", "p"), 1);
  pod["spec"]["containers"][0]["resources"]["limits"]["amd.com/gpu"] = "1";
  EXPECT_THAT(answer(pod).node_names, IsEmpty());
}

TEST_F(ExtenderVerbs, BindAWorkerToItsPlannedNodeOnly) {
  const Json pod = worker_pod("blue", "train", "train-1-0");
  view_.set_plan(plan("blue", "train", 1, {"n1"}));
  view_.set_pod(facts(pod));
  EXPECT_TRUE(may_bind(pod, "n1"));
  EXPECT_EQ(refusal(pod, "n2"), "pod blue/train-1-0 is planned on another node than n2");
}

TEST_F(ExtenderVerbs, BindNoWorkerOfAnEarlierAttempt) {
  const Json pod = worker_pod("blue", "train", "train-1-0");
  view_.set_pod(facts(pod));
  view_.set_plan(plan("blue", "train", 2, {"n1"}));
  EXPECT_THAT(refusal(pod, "n1"), HasSubstr("no worker of the current attempt"));
}

TEST_F(ExtenderVerbs, ReadAPodTheyHaveNotSeenBeforeTheyBindIt) {
  const Json pod = plain_pod("x", "p");
  EXPECT_EQ(std::get<ReadPod>(ask_bind(pod, "n1")), (ReadPod{"x", "p"}));
  EXPECT_THAT(refusal(pod, "n1"), HasSubstr("gone or another one"));
  view_.set_pod(facts(pod));
  EXPECT_TRUE(may_bind(pod, "n1"));
}

TEST_F(ExtenderVerbs, BindOnlyTheVeryPod) {
  Json pod = plain_pod("x", "p");
  view_.set_pod(facts(pod));
  pod["metadata"]["uid"] = "another";
  EXPECT_THAT(refusal(pod, "n1"), HasSubstr("another one of the same name"));
}

TEST_F(ExtenderVerbs, BindAnAdmittedForeignPodToItsPinOnly) {
  const Json pod = pinned(with_devices(plain_pod("blue", "p"), 2), "n2");
  view_.set_pod(facts(pod));
  EXPECT_TRUE(may_bind(pod, "n2"));
  EXPECT_THAT(refusal(pod, "n1"), HasSubstr("admitted to another node"));
  const Json loose = with_devices(plain_pod("blue", "q"), 2);
  view_.set_pod(facts(loose));
  EXPECT_THAT(refusal(loose, "n1"), HasSubstr("not admitted"));
}

TEST_F(ExtenderVerbs, ReadAForeignPodAgainBeforeTheyRefuseIt) {
  const Json gated = with_devices(plain_pod("blue", "p"), 2);
  view_.set_pod(facts(gated));  // the watch has not shown the pin yet
  EXPECT_TRUE(std::holds_alternative<ReadPod>(ask_bind(gated, "n1")));
  view_.set_pod(facts(pinned(gated, "n1")));
  EXPECT_TRUE(may_bind(gated, "n1"));
}

TEST_F(ExtenderVerbs, BindNoPodWithoutQuotaToDevicesThatWerePromisedMeanwhile) {
  const Json pod = with_devices(plain_pod("x", "p"), 2);
  view_.set_pod(facts(pod));
  EXPECT_TRUE(may_bind(pod, "n1"));
  view_.set_plan(plan("blue", "train", 1, {"n1"}, 7));
  EXPECT_THAT(refusal(pod, "n1"), HasSubstr("held for other work"));
}

// Any call on any view: a subset of what was asked, the same twice, and never a promised device.
TEST_F(ExtenderVerbs, AnswerASubsetOfTheRequestAndTheSameTwice) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same cases in every run
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int i = 0; i < 500; ++i) {
    const std::string job = "j" + std::to_string(pick(5));
    const std::string node = "n" + std::to_string(pick(4));
    if (pick(2) == 0) view_.set_plan(plan("blue", job, 1 + pick(2), {node, "n1"}, pick(4)));
    if (pick(4) == 0) view_.erase_plan("uid-of-" + job);
    const std::string name = job + "-" + std::to_string(pick(3)) + "-" + std::to_string(pick(3));
    Json pod = pick(2) == 0 ? worker_pod("blue", job, name) : plain_pod("x", name);
    if (pick(2) == 0) pod = with_devices(pod, pick(5));
    if (pick(3) == 0) pod["metadata"]["namespace"] = "blue";
    if (pick(3) == 0) pod = pinned(pod, node);
    view_.set_pod(facts(pick(3) == 0 ? bound(pod, node) : pod));

    std::vector<std::string> offered;
    for (const char* const each : {"n0", "n1", "n2", "n3"}) {
      if (pick(3) != 0) offered.emplace_back(each);
    }
    const FilterAnswer first = ask(pod, offered);
    EXPECT_EQ(first, ask(pod, offered));
    const FilterResult result = answer(pod, offered);
    for (const std::string_view got : result.node_names) {
      EXPECT_NE(std::find(offered.begin(), offered.end(), got), offered.end());
    }
    EXPECT_TRUE(result.error.empty() || result.node_names.empty());
  }
}

}  // namespace
}  // namespace berth::extender
