#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"
#include "translate/pod.h"

// Pods of other controllers: gated at creation, admitted alone or together, pinned and let go.
namespace berth::integration {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class ForeignStory : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_THAT(cluster.broken(), IsEmpty());
    cluster.pass(seconds(20));
    EXPECT_THAT(broken_when_quiet(cluster.server), IsEmpty());
  }
  // "gated", "planned on a", "let go on a", "runs on a".
  std::string stands(const std::string& name) {
    const auto pod = translate::decode_pod(cluster.pod(name), cluster.settings.accelerators);
    if (!pod) return pod.error().message;
    const auto plan = pod->meta.annotations.find(std::string(translate::kPlanAnnotation));
    if (pod->gated && plan == pod->meta.annotations.end()) return "gated";
    if (pod->gated) return "planned on " + plan->second;
    return (pod->started ? "runs on " : "let go on ") + pod->where();
  }

  // "pod: note" of each event of a reason.
  std::vector<std::string> events(const std::string& reason) {
    std::vector<std::string> notes;
    for (const Json* event : cluster.server.list(kube::kEvents)) {
      if ((*event)["reason"] != reason) continue;
      notes.push_back((*event)["regarding"]["name"].get<std::string>() + ": " +
                      (*event)["note"].get<std::string>());
    }
    return notes;
  }

  Cluster cluster;
};

TEST_F(ForeignStory, APodIsPlannedPinnedAndLetGo) {
  cluster.node("a", 4).quota("blue", 4).gated_pod("notebook", 2).settle();
  EXPECT_EQ(stands("notebook"), "runs on a");
  EXPECT_EQ(cluster.used("blue"), 2);
  cluster.finish("notebook", 0).pass(seconds(3));
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(ForeignStory, LabelsThatPodsShareAreThereOnce) {
  cluster.node("a", 8).quota("blue", 4);
  cluster.gated_pod("one", 1, "team", 2).gated_pod("two", 1, "team", 2).settle();
  const auto& pods = cluster.first().program->stores().pods;
  const translate::Pod* one = pods.find({"blue", "one"});
  const translate::Pod* two = pods.find({"blue", "two"});
  ASSERT_TRUE(one != nullptr && two != nullptr);
  EXPECT_EQ(one->meta.labels.size(), 2u);
  EXPECT_EQ(&one->meta.labels.map(), &two->meta.labels.map());
}

TEST_F(ForeignStory, OverItsQuotaItStaysGated) {
  cluster.node("a", 8).quota("blue", 4).gated_pod("first", 3).settle();
  cluster.gated_pod("second", 2).pass(seconds(10));
  EXPECT_EQ(stands("second"), "gated");
  cluster.delete_pod("first").settle();
  EXPECT_EQ(stands("second"), "runs on a");
}

TEST_F(ForeignStory, AGroupWaitsUntilItIsWholeAndFitsAsAWhole) {
  cluster.node("a", 2).node("b", 2).quota("blue", 8);
  cluster.gated_pod("x", 2, "gang", 3).gated_pod("y", 2, "gang", 3).settle();
  EXPECT_EQ(stands("x"), "gated");
  cluster.gated_pod("z", 2, "gang", 3).pass(seconds(5));
  EXPECT_EQ(stands("x"), "gated");
  EXPECT_EQ(cluster.used("blue"), 0);
  cluster.node("c", 2).settle();
  for (const char* pod : {"x", "y", "z"}) EXPECT_THAT(stands(pod), testing::StartsWith("runs on "));
  EXPECT_EQ(cluster.used("blue"), 6);
}

TEST_F(ForeignStory, AGroupThatLacksPodsSaysSo) {
  cluster.node("a", 2).quota("blue", 8);
  cluster.gated_pod("x", 1, "gang", 3).gated_pod("y", 1, "gang", 3).pass(seconds(9));
  EXPECT_THAT(events("GroupIncomplete"), IsEmpty());
  cluster.pass(seconds(4));
  EXPECT_THAT(
      events("GroupIncomplete"),
      UnorderedElementsAre("x: 2 of 3 pods of the group are there; it is admitted when all are",
                           "y: 2 of 3 pods of the group are there; it is admitted when all are"));
}

TEST_F(ForeignStory, AGroupThatLosesAPodWhileItIsHeldSaysOnlyThat) {
  cluster.node("a", 1).quota("blue", 8);
  cluster.gated_pod("x", 1, "gang", 2).gated_pod("y", 1, "gang", 2).pass(seconds(3));
  EXPECT_THAT(events("TooLarge"), SizeIs(2));
  cluster.delete_pod("y").pass(seconds(20));
  EXPECT_THAT(events("GroupIncomplete"), SizeIs(1));
  cluster.gated_pod("z", 1, "gang", 3).pass(seconds(20));
  EXPECT_THAT(events("TooLarge"), SizeIs(2)) << "of x and y; z never was in a whole group";
}

TEST_F(ForeignStory, SharesItsQuotaWithJobs) {
  cluster.node("a", 8).quota("blue", 4).job("train", 1, 3).settle();
  cluster.gated_pod("notebook", 2).pass(seconds(3));
  EXPECT_EQ(stands("notebook"), "gated");
  cluster.finish("train-1-0", 0).settle();
  EXPECT_EQ(stands("notebook"), "runs on a");
}

TEST_F(ForeignStory, OutsideEveryQuotaItIsLeftAlone) {
  cluster.node("a", 8).in("default").gated_pod("notebook", 2).pass(seconds(5));
  EXPECT_EQ(stands("notebook"), "gated");
}

// The operator dies at every step of admitting a group.
TEST_F(ForeignStory, ACrashAtAnyWriteLeavesNoHalfGroup) {
  for (int at = 0; at < 30; ++at) {
    SCOPED_TRACE("crash at write " + std::to_string(at));
    Cluster fresh;
    int writes = 0;
    bool due = false;
    bool crashed = false;
    fresh.first().transport->inject(
        {.matches =
             [&](const kube::Request& request) {
               const bool counts = request.method != kube::Method::Get &&
                                   request.path.find("/leases") == std::string::npos &&
                                   request.path.find("/events") == std::string::npos;
               due = counts && writes++ == at;
               return due;
             },
         .fault = at % 2 == 0 ? kube::fake::Fault::refused() : kube::fake::Fault::lost_reply(),
         .times = 1'000'000});
    fresh.after_step = [&](Process& process) {
      if (!due) return;
      due = false;
      crashed = true;
      process.crash();
      fresh.start_operator("operator-1");
    };
    fresh.node("a", 2).node("b", 2).quota("blue", 4);
    fresh.gated_pod("x", 2, "gang", 2).gated_pod("y", 2, "gang", 2).pass(seconds(60));
    EXPECT_THAT(fresh.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(fresh.server), IsEmpty());
    EXPECT_EQ(fresh.used("blue"), 4);
    for (const char* name : {"x", "y"}) {
      EXPECT_EQ(fresh.pod(name).at("status").value("phase", ""), "Running") << name;
    }
    if (!crashed || HasFailure()) return;
  }
}

}  // namespace
}  // namespace berth::integration
