#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/version.h"
#include "tests/cluster/contract.h"

// What becomes of an object that is created, replaced and patched.
namespace berth::cluster {
namespace {

using kube::create;
using kube::patch_json;
using kube::patch_merge;
using kube::replace;
using testing::HasSubstr;
using testing::StartsWith;

INSTANTIATE_TEST_SUITE_P(Fake, Contract, testing::Values(ServerChoice{"fake", start_fake}));
INSTANTIATE_TEST_SUITE_P(Real, Contract, testing::Values(ServerChoice{"real", start_real}));

const Json::json_pointer kGeneration("/metadata/generation");

TEST_P(Contract, ANewObjectGetsUidVersionTimeAndGeneration) {
  const Json made = must(create(kWidgets, widget("a")));
  EXPECT_FALSE(uid_of(made).empty());
  EXPECT_FALSE(version_of(made).empty());
  EXPECT_THAT(made["metadata"]["creationTimestamp"].get<std::string>(), HasSubstr("T"));
  EXPECT_EQ(made[kGeneration], 1);
  EXPECT_EQ(made["kind"], "Widget");
  EXPECT_EQ(get(kWidgets, "a"), made);
}

TEST_P(Contract, OnlyTheServerSetsUidTimesAndGeneration) {
  Json object = widget("a");
  object["metadata"]["uid"] = "mine";
  object["metadata"]["generation"] = 7;
  object["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z";
  object["metadata"]["deletionTimestamp"] = "2001-01-01T00:00:00Z";
  const Json made = must(create(kWidgets, object));
  EXPECT_NE(uid_of(made), "mine");
  EXPECT_EQ(made[kGeneration], 1);
  EXPECT_NE(made["metadata"]["creationTimestamp"], "2001-01-01T00:00:00Z");
  EXPECT_FALSE(made["metadata"].contains("deletionTimestamp"));
}

TEST_P(Contract, GenerateNameMakesDifferentNames) {
  Json object = widget("");
  object["metadata"].erase("name");
  object["metadata"]["generateName"] = "w-";
  const std::string a = must(create(kWidgets, object))["metadata"]["name"];
  const std::string b = must(create(kWidgets, object))["metadata"]["name"];
  EXPECT_THAT(a, StartsWith("w-"));
  EXPECT_EQ(a.size(), 7u);
  EXPECT_NE(a, b);
}

TEST_P(Contract, WhatIsServedIsSaidByGroupAndVersion) {
  const Json served = must(kube::discover(kWidgets));
  EXPECT_TRUE(kube::is_served(served, kWidgets));
  EXPECT_FALSE(kube::is_served(served, kube::kHttpRoutes));
  EXPECT_EQ(refusal(kube::discover({"none.berth.dev", "v1", "widgets", "Widget"})), Code::NotFound);
}

TEST_P(Contract, ANameIsTakenOnce) {
  must(create(kWidgets, widget("a")));
  EXPECT_EQ(refusal(create(kWidgets, widget("a"))), Code::AlreadyExists);
}

TEST_P(Contract, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(refusal(kube::get(kWidgets, ns(), "a")), Code::NotFound);
  EXPECT_EQ(refusal(kube::remove(kWidgets, ns(), "a")), Code::NotFound);
  EXPECT_EQ(refusal(patch_merge(kWidgets, ns(), "a", Json::object())), Code::NotFound);
  Json object = widget("a");
  object["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(refusal(replace(kWidgets, object)), Code::NotFound);
}

TEST_P(Contract, AResourceThatIsNotServedIsNotFound) {
  const kube::Resource nothing{"contract.berth.dev", "v1", "nothings", "Nothing"};
  EXPECT_EQ(refusal(kube::list(nothing)), Code::NotFound);
}

TEST_P(Contract, NothingIsCreatedInANamespaceThatIsNotThere) {
  Json object = config_map("a");
  object["metadata"]["namespace"] = ns() + "-other";
  EXPECT_EQ(refusal(create(kube::kConfigMaps, object)), Code::NotFound);
}

TEST_P(Contract, ANameThatIsNoDnsNameIsInvalid) {
  EXPECT_EQ(refusal(create(kube::kConfigMaps, config_map("Not_A_Name"))), Code::Invalid);
}

TEST_P(Contract, AnotherKindThanThatOfTheUrlIsInvalid) {
  Json object = widget("a");
  object["kind"] = "Gadget";
  EXPECT_EQ(refusal(create(kWidgets, object)), Code::Invalid);
}

TEST_P(Contract, ARuleThatIsBrokenIsInvalidAndNamesTheField) {
  const Result<Json> reply = ask(create(kWidgets, widget("a", -1)));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, Code::Invalid);
  EXPECT_THAT(reply.error().message, HasSubstr("spec.count"));
  must(create(kWidgets, widget("a", 0)));
  EXPECT_EQ(refusal(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", -1}}}})), Code::Invalid);
}

TEST_P(Contract, ADryRunStoresNothing) {
  must(create(kWidgets, widget("a"), {.dry_run = true}));
  EXPECT_FALSE(exists(kWidgets, "a"));
  must(create(kWidgets, widget("b", 1)));
  must(patch_merge(kWidgets, ns(), "b", {{"spec", {{"count", 5}}}}, {.dry_run = true}));
  EXPECT_EQ(get(kWidgets, "b")["spec"]["count"], 1);
  must(kube::remove(kWidgets, ns(), "b", {.dry_run = true}));
  EXPECT_TRUE(exists(kWidgets, "b"));
}

TEST_P(Contract, VersionsGrowOverAllKinds) {
  const Json first = must(create(kWidgets, widget("a")));
  const Json second = must(create(kube::kConfigMaps, config_map("b")));
  const Json third = must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  EXPECT_TRUE(kube::is_newer(version_of(second), version_of(first)));
  EXPECT_TRUE(kube::is_newer(version_of(third), version_of(second)));
}

TEST_P(Contract, AReplacementOfAnOldVersionIsAConflict) {
  Json object = must(create(kWidgets, widget("a")));
  must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  object["spec"]["count"] = 3;
  EXPECT_EQ(refusal(replace(kWidgets, object)), Code::Conflict);
  EXPECT_EQ(get(kWidgets, "a")["spec"]["count"], 2);
}

TEST_P(Contract, AReplacementOfTheNewestVersionIsTaken) {
  Json object = must(create(kWidgets, widget("a")));
  object["spec"]["count"] = 3;
  const Json after = must(replace(kWidgets, object));
  EXPECT_EQ(after["spec"]["count"], 3);
  EXPECT_TRUE(kube::is_newer(version_of(after), version_of(object)));
}

TEST_P(Contract, SomeKindsMustBeReplacedWithAVersion) {
  must(create(kWidgets, widget("a")));
  EXPECT_EQ(refusal(replace(kWidgets, widget("a", 2))), Code::Invalid);
  must(create(kube::kConfigMaps, config_map("a")));
  must(replace(kube::kConfigMaps, config_map("a")));
}

TEST_P(Contract, AnotherUidIsAConflict) {
  Json object = must(create(kWidgets, widget("a")));
  object["metadata"]["uid"] = "00000000-1111-4000-8000-000000000000";
  EXPECT_EQ(refusal(replace(kWidgets, object)), Code::Conflict);
}

TEST_P(Contract, AWriteThatChangesNothingKeepsTheVersion) {
  const Json object = must(create(kWidgets, widget("a")));
  EXPECT_EQ(version_of(must(replace(kWidgets, object))), version_of(object));
  const Json patched = must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 1}}}}));
  EXPECT_EQ(version_of(patched), version_of(object));
}

TEST_P(Contract, GenerationCountsChangesOfTheSpecAlone) {
  must(create(kWidgets, widget("a")));
  const Json labelled =
      must(patch_merge(kWidgets, ns(), "a", {{"metadata", {{"labels", {{"x", "y"}}}}}}));
  EXPECT_EQ(labelled[kGeneration], 1);
  const Json status = must(kube::patch_status(kWidgets, ns(), "a", {{"status", {{"count", 4}}}}));
  EXPECT_EQ(status[kGeneration], 1);
  const Json changed = must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  EXPECT_EQ(changed[kGeneration], 2);
}

TEST_P(Contract, KindsWithoutSpecHaveNoGeneration) {
  const Json made = must(create(kube::kConfigMaps, config_map("a")));
  EXPECT_FALSE(made.contains(kGeneration));
}

TEST_P(Contract, StatusIsWrittenThroughItsSubresourceAlone) {
  Json object = widget("a");
  object["status"] = {{"count", 9}};
  object = must(create(kWidgets, object));
  EXPECT_FALSE(object.contains("status"));
  object["status"] = {{"count", 9}};
  EXPECT_FALSE(must(replace(kWidgets, object)).contains("status"));
  const Json after = must(kube::replace_status(kWidgets, object));
  EXPECT_EQ(after["status"]["count"], 9);
  must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  EXPECT_EQ(get(kWidgets, "a")["status"]["count"], 9);
}

TEST_P(Contract, TheStatusSubresourceLeavesTheRestAlone) {
  Json object = must(create(kWidgets, widget("a")));
  object["spec"]["count"] = 5;
  object["metadata"]["labels"] = {{"x", "y"}};
  object["status"] = {{"count", 1}};
  const Json after = must(kube::replace_status(kWidgets, object));
  EXPECT_EQ(after["spec"]["count"], 1);
  EXPECT_FALSE(after["metadata"].contains("labels"));
  EXPECT_EQ(after["status"]["count"], 1);
}

TEST_P(Contract, AnOldVersionOfTheStatusIsAConflict) {
  Json object = must(create(kWidgets, widget("a")));
  must(kube::patch_status(kWidgets, ns(), "a", {{"status", {{"count", 1}}}}));
  object["status"] = {{"count", 2}};
  EXPECT_EQ(refusal(kube::replace_status(kWidgets, object)), Code::Conflict);
}

TEST_P(Contract, ANodeKeepsTheStatusThatItIsCreatedWith) {
  const std::string name = "node-" + ns();
  const Json made = must(create(
      kube::kNodes, {{"metadata", {{"name", name}}}, {"status", {{"capacity", {{"cpu", "4"}}}}}}));
  EXPECT_EQ(made["status"]["capacity"]["cpu"], "4");
  const Json patched =
      must(patch_merge(kube::kNodes, "", name, {{"status", {{"capacity", {{"cpu", "8"}}}}}}));
  EXPECT_EQ(patched["status"]["capacity"]["cpu"], "4");
  must(kube::remove(kube::kNodes, "", name));
}

TEST_P(Contract, AMergePatchAddsChangesAndRemoves) {
  Json object = widget("a");
  object["metadata"]["labels"] = {{"old", "1"}, {"same", "2"}};
  must(create(kWidgets, object));
  const Json after = must(patch_merge(
      kWidgets, ns(), "a",
      {{"metadata", {{"labels", {{"old", nullptr}, {"new", "3"}}}}}, {"spec", {{"count", 4}}}}));
  EXPECT_EQ(after["metadata"]["labels"], (Json{{"same", "2"}, {"new", "3"}}));
  EXPECT_EQ(after["spec"]["count"], 4);
}

TEST_P(Contract, APatchThatCarriesAnOldVersionIsAConflict) {
  const Json object = must(create(kWidgets, widget("a")));
  must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  const Json patch = {{"metadata", {{"resourceVersion", version_of(object)}}},
                      {"spec", {{"count", 3}}}};
  EXPECT_EQ(refusal(patch_merge(kWidgets, ns(), "a", patch)), Code::Conflict);
}

TEST_P(Contract, AJsonPatchIsAppliedAsAWholeOrNotAtAll) {
  const Json object = must(create(kWidgets, widget("a")));
  const Json set = {{"op", "replace"}, {"path", "/spec/count"}, {"value", 5}};
  const Json right = {{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid_of(object)}};
  const Json wrong = {{"op", "test"}, {"path", "/metadata/uid"}, {"value", "another"}};
  EXPECT_EQ(refusal(patch_json(kWidgets, ns(), "a", Json::array({set, wrong}))), Code::Invalid);
  EXPECT_EQ(get(kWidgets, "a")["spec"]["count"], 1);
  EXPECT_EQ(must(patch_json(kWidgets, ns(), "a", Json::array({right, set})))["spec"]["count"], 5);
}

TEST_P(Contract, AJsonPatchTestsTheVersionThatIsStored) {
  const Json object = must(create(kWidgets, widget("a")));
  const Json test = {
      {"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", version_of(object)}};
  const Json set = {{"op", "replace"}, {"path", "/spec/count"}, {"value", 5}};
  must(patch_json(kWidgets, ns(), "a", Json::array({test, set})));
  EXPECT_EQ(refusal(patch_json(kWidgets, ns(), "a", Json::array({test, set}))), Code::Invalid);
}

TEST_P(Contract, AJsonPatchOfWhatIsNotThereIsInvalid) {
  must(create(kWidgets, widget("a")));
  const Json add = {{"op", "add"}, {"path", "/metadata/labels/x"}, {"value", "y"}};
  EXPECT_EQ(refusal(patch_json(kWidgets, ns(), "a", Json::array({add}))), Code::Invalid);
  const Json remove = {{"op", "remove"}, {"path", "/spec/text"}};
  EXPECT_EQ(refusal(patch_json(kWidgets, ns(), "a", Json::array({remove}))), Code::Invalid);
  const Json labels = {{"op", "add"}, {"path", "/metadata/labels"}, {"value", Json::object()}};
  must(patch_json(kWidgets, ns(), "a", Json::array({labels, add})));
}

TEST_P(Contract, ScaleIsAViewOfTheObject) {
  must(create(kWidgets, widget("a", 3)));
  const Json scale = must(kube::get(kWidgets, ns(), "a", kube::Subresource::Scale));
  EXPECT_EQ(scale["kind"], "Scale");
  EXPECT_EQ(scale["spec"]["replicas"], 3);
  must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"replicas", 6}}}},
                   {.subresource = kube::Subresource::Scale}));
  const Json after = get(kWidgets, "a");
  EXPECT_EQ(after["spec"]["count"], 6);
  EXPECT_EQ(after[kGeneration], 2);
  EXPECT_EQ(refusal(replace(kWidgets, scale, {.subresource = kube::Subresource::Scale})),
            Code::Conflict);
}

TEST_P(Contract, AnAccessReviewIsAnsweredAndNotStored) {
  const Json reply = must(kube::subject_access_review(
      {.user = "admin", .groups = {"system:masters"}}, {.verb = "get", .resource = "pods"}));
  EXPECT_EQ(reply["status"]["allowed"], true);
}

}  // namespace
}  // namespace berth::cluster
