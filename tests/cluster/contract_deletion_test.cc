#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster/contract.h"

// How objects go: preconditions, finalizers, owners, grace periods, namespaces.
namespace berth::cluster {
namespace {

using kube::create;
using kube::patch_merge;
using kube::remove;

const Json::json_pointer kDeletion("/metadata/deletionTimestamp");
const Json::json_pointer kGrace("/metadata/deletionGracePeriodSeconds");
const std::string kFinalizer = "contract.berth.dev/held";

Json finalizers(std::vector<std::string> names) {
  return {{"metadata", {{"finalizers", std::move(names)}}}};
}

class Deletion : public Contract {
 protected:
  void create_held(const std::string& name) {
    Json object = widget(name);
    object["metadata"]["finalizers"] = {kFinalizer};
    must(create(kWidgets, object));
  }
  // A ConfigMap that belongs to `owner`.
  void create_owned(const std::string& name, const Json& owner) {
    Json object = config_map(name);
    object["metadata"]["ownerReferences"] = Json::array({owner_reference(kWidgets, owner)});
    must(create(kube::kConfigMaps, object));
  }
};

INSTANTIATE_TEST_SUITE_P(Fake, Deletion, testing::Values(ServerChoice{"fake", start_fake}));
INSTANTIATE_TEST_SUITE_P(Real, Deletion, testing::Values(ServerChoice{"real", start_real}));

TEST_P(Deletion, TakesAnObjectAtOnce) {
  must(create(kWidgets, widget("a")));
  must(remove(kWidgets, ns(), "a"));
  EXPECT_FALSE(exists(kWidgets, "a"));
}

TEST_P(Deletion, OfAnotherUidIsAConflict) {
  const Json object = must(create(kWidgets, widget("a")));
  EXPECT_EQ(refusal(remove(kWidgets, ns(), "a", {.uid = "another"})), Code::Conflict);
  must(remove(kWidgets, ns(), "a", {.uid = uid_of(object)}));
}

TEST_P(Deletion, OfAnotherVersionIsAConflict) {
  const Json object = must(create(kWidgets, widget("a")));
  must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  EXPECT_EQ(refusal(remove(kWidgets, ns(), "a", {.resource_version = version_of(object)})),
            Code::Conflict);
  EXPECT_TRUE(exists(kWidgets, "a"));
}

TEST_P(Deletion, WaitsForFinalizersAndMarksTheObject) {
  create_held("a");
  must(remove(kWidgets, ns(), "a"));
  const Json waiting = get(kWidgets, "a");
  EXPECT_TRUE(waiting.contains(kDeletion));
  EXPECT_EQ(waiting[kGrace], 0);
  EXPECT_EQ(waiting["metadata"]["generation"], 2);
  must(patch_merge(kWidgets, ns(), "a", finalizers({})));
  EXPECT_FALSE(exists(kWidgets, "a"));
}

TEST_P(Deletion, ASecondDeletionChangesNothing) {
  create_held("a");
  must(remove(kWidgets, ns(), "a"));
  const Json waiting = get(kWidgets, "a");
  must(remove(kWidgets, ns(), "a"));
  EXPECT_EQ(get(kWidgets, "a"), waiting);
  must(patch_merge(kWidgets, ns(), "a", finalizers({})));
}

TEST_P(Deletion, TakesNoNewFinalizersOnceItIsAsked) {
  create_held("a");
  must(remove(kWidgets, ns(), "a"));
  EXPECT_EQ(refusal(patch_merge(kWidgets, ns(), "a", finalizers({kFinalizer, "berth.dev/new"}))),
            Code::Invalid);
  must(patch_merge(kWidgets, ns(), "a", finalizers({})));
}

TEST_P(Deletion, OfACollectionTakesWhatIsSelected) {
  Json keep = config_map("keep");
  must(create(kube::kConfigMaps, keep));
  for (const char* name : {"a", "b"}) {
    Json object = config_map(name);
    object["metadata"]["labels"] = {{"go", "yes"}};
    must(create(kube::kConfigMaps, object));
  }
  must(kube::remove_collection(kube::kConfigMaps, {.name_space = ns(), .labels = "go=yes"}));
  EXPECT_FALSE(exists(kube::kConfigMaps, "a"));
  EXPECT_FALSE(exists(kube::kConfigMaps, "b"));
  EXPECT_TRUE(exists(kube::kConfigMaps, "keep"));
}

TEST_P(Deletion, OfAnOwnerTakesWhatItOwnsLater) {
  const Json owner = must(create(kWidgets, widget("owner")));
  create_owned("owned", owner);
  must(create(kube::kConfigMaps, config_map("free")));
  must(remove(kWidgets, ns(), "owner"));
  EXPECT_TRUE(eventually([&] { return !exists(kube::kConfigMaps, "owned"); }));
  EXPECT_TRUE(exists(kube::kConfigMaps, "free"));
}

TEST_P(Deletion, ANamesakeOfTheOwnerIsNotTheOwner) {
  const Json owner = must(create(kWidgets, widget("owner")));
  must(remove(kWidgets, ns(), "owner"));
  must(create(kWidgets, widget("owner")));
  create_owned("owned", owner);
  EXPECT_TRUE(eventually([&] { return !exists(kube::kConfigMaps, "owned"); }));
}

TEST_P(Deletion, InTheForegroundKeepsTheOwnerUntilItsDependentsAreGone) {
  const Json owner = must(create(kWidgets, widget("owner")));
  Json owned = config_map("owned");
  owned["metadata"]["ownerReferences"] = Json::array({owner_reference(kWidgets, owner)});
  owned["metadata"]["finalizers"] = {kFinalizer};
  must(create(kube::kConfigMaps, owned));
  must(remove(kWidgets, ns(), "owner", {.propagation = kube::Propagation::Foreground}));
  EXPECT_TRUE(get(kWidgets, "owner").contains(kDeletion));
  EXPECT_TRUE(eventually([&] { return get(kube::kConfigMaps, "owned").contains(kDeletion); }));
  EXPECT_TRUE(exists(kWidgets, "owner"));
  must(patch_merge(kube::kConfigMaps, ns(), "owned", finalizers({})));
  EXPECT_TRUE(eventually([&] { return !exists(kWidgets, "owner"); }));
}

TEST_P(Deletion, ThatOrphansLeavesTheDependents) {
  const Json owner = must(create(kWidgets, widget("owner")));
  create_owned("owned", owner);
  must(remove(kWidgets, ns(), "owner", {.propagation = kube::Propagation::Orphan}));
  EXPECT_TRUE(eventually([&] { return !exists(kWidgets, "owner"); }));
  EXPECT_FALSE(get(kube::kConfigMaps, "owned")["metadata"].contains("ownerReferences"));
}

TEST_P(Deletion, OfAPodThatIsNotBoundIsAtOnce) {
  must(create(kube::kPods, pod("a")));
  must(remove(kube::kPods, ns(), "a"));
  EXPECT_FALSE(exists(kube::kPods, "a"));
}

TEST_P(Deletion, OfABoundPodGivesItItsGracePeriod) {
  bound_pod("a");
  must(remove(kube::kPods, ns(), "a"));
  const Json going = get(kube::kPods, "a");
  EXPECT_TRUE(going.contains(kDeletion));
  EXPECT_EQ(going[kGrace], 30);
  must(remove(kube::kPods, ns(), "a", {.grace_seconds = 60}));
  EXPECT_EQ(get(kube::kPods, "a"), going) << "a later deletion may not prolong";
  must(remove(kube::kPods, ns(), "a", {.grace_seconds = 5}));
  EXPECT_EQ(get(kube::kPods, "a")[kGrace], 5);
  must(remove(kube::kPods, ns(), "a", {.grace_seconds = 0}));
  EXPECT_FALSE(exists(kube::kPods, "a"));
}

TEST_P(Deletion, OfAPodThatHasEndedIsAtOnce) {
  bound_pod("a");
  must(kube::patch_status(kube::kPods, ns(), "a", {{"status", {{"phase", "Succeeded"}}}}));
  must(remove(kube::kPods, ns(), "a"));
  EXPECT_FALSE(exists(kube::kPods, "a"));
}

TEST_P(Deletion, OfAPodWithFinalizersWaitsForBoth) {
  Json object = pod("a");
  object["metadata"]["finalizers"] = {kFinalizer};
  must(create(kube::kPods, object));
  must(remove(kube::kPods, ns(), "a"));
  EXPECT_EQ(get(kube::kPods, "a")[kGrace], 0);
  must(patch_merge(kube::kPods, ns(), "a", finalizers({})));
  EXPECT_FALSE(exists(kube::kPods, "a"));
}

TEST_P(Deletion, OfANamespaceRefusesNewObjectsAndTakesTheOldOnes) {
  create_held("held");
  must(create(kube::kConfigMaps, config_map("a")));
  must(remove(kube::kNamespaces, "", ns()));
  EXPECT_EQ(get(kube::kNamespaces, ns())["status"]["phase"], "Terminating");
  EXPECT_EQ(refusal(create(kube::kConfigMaps, config_map("b"))), Code::Forbidden);
  EXPECT_TRUE(eventually([&] { return get(kWidgets, "held").contains(kDeletion); }));
  EXPECT_TRUE(eventually([&] { return !exists(kube::kConfigMaps, "a"); }));
  EXPECT_TRUE(exists(kube::kNamespaces, ns()));
  must(patch_merge(kWidgets, ns(), "held", finalizers({})));
  EXPECT_TRUE(eventually([&] { return !exists(kube::kNamespaces, ns()); }));
}

}  // namespace
}  // namespace berth::cluster
