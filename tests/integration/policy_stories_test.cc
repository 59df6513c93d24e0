#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "api/placementpolicy.h"
#include "kube/request.h"
#include "tests/integration/cluster.h"

// Where policies let work run, and what they say of themselves.
namespace berth::integration {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kRack = "example.com/rack";

api::PlacementTerm in_rack(const std::string& rack) {
  return {.node_label = api::NodeLabelTerm{kRack, api::Operator::In, {rack}}};
}

class PolicyStory : public testing::Test {
 protected:
  using Change = std::function<void(api::PlacementPolicySpec&)>;

  void TearDown() override { EXPECT_THAT(cluster.broken(), IsEmpty()); }

  // Enforced, about everything, unless `change` says otherwise.
  void policy(const std::string& name, const Change& change) {
    api::PlacementPolicy made;
    made.meta.name = name;
    made.spec.mode = api::PolicyMode::Enforce;
    change(made.spec);
    Json object = api::to_json(made);
    object.erase("status");
    const auto reply = cluster.server.handle(kube::create(kube::kPlacementPolicies, object));
    EXPECT_LT(reply.status, 300) << reply.body;
  }
  void change_policy(const std::string& name, const Change& change) {
    api::PlacementPolicy policy = named(name);
    change(policy.spec);
    const Json spec = {{"spec", api::to_json(policy).at("spec")}};
    cluster.server.handle(kube::patch_merge(kube::kPlacementPolicies, "", name, spec));
  }
  api::PlacementPolicy named(const std::string& name) {
    const Json* object = cluster.server.find(kube::kPlacementPolicies, "", name);
    if (object == nullptr) return {};
    return *api::from_json<api::PlacementPolicy>(*object);
  }
  std::string said(const std::string& name, std::string_view type) {
    const auto policy = named(name);
    const api::Condition* found = api::find_condition(policy.status.conditions, type);
    if (found == nullptr) return "absent";
    return (found->is_true() ? "True " : "False ") + found->reason + ": " + found->message;
  }
  std::vector<std::string> told() {
    std::vector<std::string> notes;
    for (const Json* event : cluster.server.list(kube::kEvents)) {
      if (event->at("reason") == "WouldChange") notes.push_back(event->at("note"));
    }
    return notes;
  }
  std::string node_of(const std::string& job) {
    const auto placement = cluster.job_named(job).status.placement;
    return placement ? placement->workers.front().node : "";
  }
  static Cluster::JobChange labelled(const std::string& key, const std::string& value) {
    return [=](api::GpuJob& job) { job.meta.labels[key] = value; };
  }

  Cluster cluster;
};

TEST_F(PolicyStory, WorkGoesWhereItsPolicySaysAndSaysWhatHoldsIt) {
  cluster.node("a", 8, "r1").node("b", 2, "r2").quota("blue", 16);
  policy("data", [](auto& spec) {
    spec.match.labels = {{"data", "eu"}};
    spec.require = {in_rack("r2")};
  });
  cluster.job("first", 1, 2, labelled("data", "eu")).settle();
  EXPECT_EQ(node_of("first"), "b");
  cluster.job("other", 1, 2).job("second", 1, 2, labelled("data", "eu")).pass(seconds(3));
  EXPECT_EQ(node_of("other"), "a");
  EXPECT_EQ(cluster.said("second", "Admitted"), "False Policy");
  EXPECT_THAT(
      api::find_condition(cluster.job_named("second").status.conditions, "Admitted")->message,
      HasSubstr("PlacementPolicy data (example.com/rack in r2) leaves it 1 of 2 nodes"));
  cluster.finish("first-1-0", 0).settle();
  EXPECT_EQ(node_of("second"), "b");
}

TEST_F(PolicyStory, AChangeActsOnTheNextPassWithoutARestart) {
  cluster.node("a", 8, "r1").quota("blue", 16);
  policy("nowhere", [](auto& spec) { spec.require = {in_rack("r9")}; });
  cluster.job("train", 1, 2).pass(seconds(3));
  EXPECT_EQ(cluster.said("train", "Admitted"), "False Policy");
  EXPECT_THAT(said("nowhere", "Ready"), HasSubstr("False NoNode"));
  change_policy("nowhere", [](auto& spec) { spec.require = {in_rack("r1")}; });
  cluster.settle();
  EXPECT_EQ(node_of("train"), "a");
  EXPECT_EQ(said("nowhere", "Ready"), "True Enforced: 1 node can meet it");
  EXPECT_EQ(named("nowhere").status.observed_generation, named("nowhere").meta.generation);
  cluster.remove(kube::kPlacementPolicies, "nowhere").job("free", 1, 2).settle();
  EXPECT_EQ(node_of("free"), "a");
}

TEST_F(PolicyStory, ALabelPutOnWaitingWorkIsSeen) {
  cluster.node("a", 8, "r1").quota("blue", 16);
  policy("tagged", [](auto& spec) {
    spec.match.namespaces = {"blue"};
    spec.match.labels = {{"hold", "yes"}};
    spec.require = {in_rack("r9")};
  });
  cluster.job("train", 1, 2, labelled("hold", "yes")).pass(seconds(3));
  EXPECT_EQ(cluster.said("train", "Admitted"), "False Policy");
  cluster.server.handle(kube::patch_merge(kube::kGpuJobs, "blue", "train",
                                          {{"metadata", {{"labels", {{"hold", "no"}}}}}}));
  cluster.settle();
  EXPECT_EQ(node_of("train"), "a");
}

TEST_F(PolicyStory, AConflictIsSaidOnBothAtOnceAndTheHigherWins) {
  cluster.node("a", 8, "r1").node("b", 8, "r2").quota("blue", 16).settle();
  policy("low", [](auto& spec) { spec.require = {in_rack("r1")}; });
  policy("high", [](auto& spec) {
    spec.priority = 10;
    spec.match.namespaces = {"blue"};
    spec.require = {in_rack("r2")};
  });
  cluster.settle();
  EXPECT_EQ(
      said("low", "Conflicting"),
      "True Overruled: high wins over it: for work with namespace blue no node can meet both: "
      "example.com/rack in r2, but example.com/rack in r1");
  EXPECT_THAT(said("high", "Conflicting"), HasSubstr("True Overrules: wins over low"));
  cluster.job("train", 1, 2).settle();
  EXPECT_EQ(node_of("train"), "b");
  cluster.remove(kube::kPlacementPolicies, "high").settle();
  EXPECT_THAT(said("low", "Conflicting"), HasSubstr("False NoConflict"));
}

TEST_F(PolicyStory, AShadowOnlyCountsWhatItWouldHaveChanged) {
  cluster.node("a", 8, "r1").node("b", 8, "r2").quota("blue", 16);
  policy("shadow", [](auto& spec) {
    spec.mode = api::PolicyMode::Shadow;
    spec.require = {in_rack("r2")};
  });
  cluster.job("train", 1, 2).pass(seconds(8));
  EXPECT_EQ(node_of("train"), "a");
  EXPECT_EQ(named("shadow").status.would_change, 1);
  EXPECT_EQ(named("shadow").status.matched, 1);
  EXPECT_THAT(said("shadow", "Ready"), HasSubstr("True Shadow"));
  EXPECT_THAT(told(),
              ElementsAre("would have changed 1 placement: blue/train is on a, which is not "
                          "example.com/rack in r2"));
}

TEST_F(PolicyStory, AShadowThatIsChangedTellsAnewWhatItWouldHaveChanged) {
  cluster.node("a", 8, "r1").quota("blue", 16);
  policy("shadow", [](auto& spec) {
    spec.mode = api::PolicyMode::Shadow;
    spec.require = {in_rack("r2")};
  });
  cluster.job("one", 1, 2).pass(seconds(8));
  change_policy("shadow", [](auto& spec) { spec.require = {in_rack("r3")}; });
  cluster.pass(seconds(70)).job("two", 1, 2).pass(seconds(8));
  EXPECT_THAT(told(), UnorderedElementsAre(HasSubstr("1 placement: blue/one would wait"),
                                           HasSubstr("1 placement: blue/two would wait")));
}

TEST_F(PolicyStory, TheNextLeaderCountsOn) {
  cluster.node("a", 8, "r1").quota("blue", 16);
  policy("shadow", [](auto& spec) {
    spec.mode = api::PolicyMode::Shadow;
    spec.require = {in_rack("r2")};
  });
  cluster.job("one", 1, 2).pass(seconds(8));
  EXPECT_EQ(named("shadow").status.would_change, 1);
  cluster.first().crash();
  cluster.start_operator("operator-1");
  cluster.pass(seconds(40)).job("two", 1, 2).pass(seconds(8));
  EXPECT_EQ(named("shadow").status.would_change, 2);
  EXPECT_EQ(named("shadow").status.matched, 2);
}

TEST_F(PolicyStory, ForeignPodsAreBoundByThemToo) {
  cluster.node("a", 8, "r1").node("b", 8, "r2").quota("blue", 16);
  policy("blue", [](auto& spec) {
    spec.match.namespaces = {"blue"};
    spec.require = {in_rack("r2")};
  });
  cluster.gated_pod("notebook", 1).settle();
  EXPECT_EQ(cluster.pod("notebook").at("spec").value("nodeName", ""), "b");
}

TEST_F(PolicyStory, TwoOfAKindStayApart) {
  cluster.node("a", 8, "r1").node("b", 8, "r2").quota("blue", 16);
  policy("apart", [](auto& spec) {
    spec.match.labels = {{"app", "eval"}};
    spec.require = {
        {.affinity = api::AffinityTerm{{{"app", "eval"}}, {kRack, api::Spread::Spread}}}};
  });
  cluster.job("one", 1, 1, labelled("app", "eval")).settle();
  cluster.job("two", 1, 1, labelled("app", "eval")).settle();
  EXPECT_NE(node_of("one"), node_of("two"));
  EXPECT_NE(node_of("two"), "");
}

}  // namespace
}  // namespace berth::integration
