#include "kube/request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace berth::kube {
namespace {

std::string line(const Request& request) {
  constexpr const char* kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  std::string text = kMethods[static_cast<int>(request.method)];
  text += " " + request.path;
  if (!request.query.empty()) text += "?" + request.query;
  return text;
}

const Json kJob = {{"apiVersion", "berth.dev/v1alpha1"},
                   {"kind", "GpuJob"},
                   {"metadata", {{"name", "train"}, {"namespace", "blue"}}}};

TEST(Requests, Get) {
  EXPECT_EQ(line(get(kPods, "blue", "p")), "GET /api/v1/namespaces/blue/pods/p");
  EXPECT_EQ(line(get(kQuotas, "", "blue")), "GET /apis/berth.dev/v1alpha1/quotas/blue");
  EXPECT_EQ(line(get(kInferenceEndpoints, "a", "e", Subresource::Scale)),
            "GET /apis/berth.dev/v1alpha1/namespaces/a/inferenceendpoints/e/scale");
  EXPECT_EQ(line(get(kNamespaces, "", "blue")), "GET /api/v1/namespaces/blue");
}

TEST(Requests, AClusterKindHasNoNamespace) {
  EXPECT_EQ(line(get(kNodes, "blue", "n1")), "GET /api/v1/nodes/n1");
}

TEST(Requests, NamesCannotLeaveTheirSegment) {
  EXPECT_EQ(line(get(kPods, "a/b", "../nodes?x#y %")),
            "GET /api/v1/namespaces/a%2Fb/pods/..%2Fnodes%3Fx%23y%20%25");
}

TEST(Requests, ListInPages) {
  EXPECT_EQ(line(list(kPods)), "GET /api/v1/pods");
  EXPECT_EQ(line(list(kPods, {.select = {.name_space = "blue",
                                         .labels = "berth.dev/job in (a,b),!x",
                                         .fields = "spec.nodeName=n1"},
                              .limit = 500,
                              .resource_version = "7",
                              .match = VersionMatch::NotOlderThan})),
            "GET /api/v1/namespaces/blue/pods?labelSelector=berth.dev%2Fjob%20in%20%28a%2Cb%29%2C"
            "%21x&fieldSelector=spec.nodeName%3Dn1&limit=500&resourceVersion=7&"
            "resourceVersionMatch=NotOlderThan");
}

TEST(Requests, AFurtherPageSaysNoVersionBecauseItsTokenDoes) {
  EXPECT_EQ(line(list(kNodes, {.limit = 2,
                               .continue_token = "a+/=",
                               .resource_version = "7",
                               .match = VersionMatch::Exact})),
            "GET /api/v1/nodes?limit=2&continue=a%2B%2F%3D");
}

TEST(Requests, Watch) {
  const Request request = watch(kPods, {.resource_version = "42", .silence = Millis{70'000}});
  EXPECT_EQ(line(request),
            "GET /api/v1/pods?watch=true&resourceVersion=42&allowWatchBookmarks=true&"
            "timeoutSeconds=300");
  EXPECT_EQ(request.timeout, Millis{70'000});
}

TEST(Requests, AStreamingListAlwaysAllowsTheBookmarkThatEndsIt) {
  EXPECT_EQ(line(watch(kPods, {.bookmarks = false, .initial_events = true})),
            "GET /api/v1/pods?watch=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&"
            "allowWatchBookmarks=true&timeoutSeconds=300");
}

TEST(Requests, CreateAndReplaceTakeTheirPlaceFromTheObject) {
  const Request made = create(kGpuJobs, kJob, {.field_manager = "berth", .dry_run = true});
  EXPECT_EQ(line(made),
            "POST /apis/berth.dev/v1alpha1/namespaces/blue/gpujobs?fieldManager=berth&dryRun=All");
  EXPECT_EQ(made.content_type, "application/json");
  EXPECT_EQ(Json::parse(made.body), kJob);
  EXPECT_EQ(line(replace(kGpuJobs, kJob, {.strict = true})),
            "PUT /apis/berth.dev/v1alpha1/namespaces/blue/gpujobs/train?fieldValidation=Strict");
  EXPECT_EQ(line(replace_status(kGpuJobs, kJob)),
            "PUT /apis/berth.dev/v1alpha1/namespaces/blue/gpujobs/train/status");
}

TEST(Requests, AnObjectWithoutMetadataIsTheServersToRefuse) {
  EXPECT_EQ(line(create(kPods, Json::array())), "POST /api/v1/pods");
  EXPECT_EQ(line(create(kPods, Json{{"metadata", {{"namespace", 3}}}})), "POST /api/v1/pods");
}

TEST(Requests, TextThatIsNotUtf8IsReplaced) {
  EXPECT_EQ(create(kPods, Json{{"a", "\xff"}}).body, "{\"a\":\"\xEF\xBF\xBD\"}");
}

TEST(Requests, Patches) {
  const Json operations = {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "u1"}}};
  const Request json = patch_json(kPods, "blue", "p", operations);
  EXPECT_EQ(line(json), "PATCH /api/v1/namespaces/blue/pods/p");
  EXPECT_EQ(json.content_type, "application/json-patch+json");
  EXPECT_EQ(json.body, R"([{"op":"test","path":"/metadata/uid","value":"u1"}])");

  const Request merge = patch_merge(kInferenceEndpoints, "a", "e", {{"spec", {{"replicas", 2}}}},
                                    {.subresource = Subresource::Scale});
  EXPECT_EQ(line(merge), "PATCH /apis/berth.dev/v1alpha1/namespaces/a/inferenceendpoints/e/scale");
  EXPECT_EQ(merge.content_type, "application/merge-patch+json");
  EXPECT_EQ(line(patch_status(kQuotas, "", "q", {{"status", {{"epoch", 3}}}})),
            "PATCH /apis/berth.dev/v1alpha1/quotas/q/status");
}

TEST(Requests, RemoveSaysOnlyWhatIsAsked) {
  const Request plain = remove(kPods, "blue", "p");
  EXPECT_EQ(line(plain), "DELETE /api/v1/namespaces/blue/pods/p");
  EXPECT_EQ(plain.body, "");

  const Request guarded = remove(kPods, "blue", "p",
                                 {.uid = "u1",
                                  .resource_version = "9",
                                  .propagation = Propagation::Foreground,
                                  .grace_seconds = 0});
  EXPECT_EQ(guarded.content_type, "application/json");
  EXPECT_EQ(guarded.body, R"({"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions",)"
                          R"("preconditions":{"resourceVersion":"9","uid":"u1"},)"
                          R"("propagationPolicy":"Foreground"})");
}

TEST(Requests, RemoveACollection) {
  const Request request = remove_collection(kPods, {.name_space = "blue", .labels = "a=b"},
                                            {.propagation = Propagation::Background});
  EXPECT_EQ(line(request), "DELETE /api/v1/namespaces/blue/pods?labelSelector=a%3Db");
  EXPECT_EQ(request.body, R"({"apiVersion":"v1","kind":"DeleteOptions",)"
                          R"("propagationPolicy":"Background"})");
}

TEST(Requests, BindingCarriesTheUid) {
  const Request request = bind_pod("blue", "p", "u1", "n1");
  EXPECT_EQ(line(request), "POST /api/v1/namespaces/blue/pods/p/binding");
  EXPECT_EQ(request.body,
            R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"p","namespace":"blue",)"
            R"("uid":"u1"},"target":{"apiVersion":"v1","kind":"Node","name":"n1"}})");
}

TEST(Requests, Eviction) {
  EXPECT_EQ(evict("blue", "p").body, R"({"apiVersion":"policy/v1","kind":"Eviction",)"
                                     R"("metadata":{"name":"p","namespace":"blue"}})");
  const Json guarded = Json::parse(evict("blue", "p", {.uid = "u1"}).body);
  EXPECT_EQ(guarded["deleteOptions"]["preconditions"]["uid"], "u1");
}

TEST(Requests, WhatIsServedIsAskedForByGroupAndVersion) {
  EXPECT_EQ(line(discover(kHttpRoutes)), "GET /apis/gateway.networking.k8s.io/v1");
  const Json answer = Json::parse(R"({"resources": [{"name": "httproutes/status"}, {}, "odd"]})");
  EXPECT_FALSE(is_served(answer, kHttpRoutes));
  EXPECT_FALSE(is_served(Json::object(), kHttpRoutes));
  EXPECT_TRUE(is_served(Json::parse(R"({"resources": [{"name": "httproutes"}]})"), kHttpRoutes));
}

TEST(Requests, AccessReviews) {
  const Access access{
      .verb = "create", .group = "berth.dev", .resource = "gpujobs", .name_space = "blue"};
  const Request other = subject_access_review({.user = "ada", .groups = {"dev"}}, access);
  EXPECT_EQ(line(other), "POST /apis/authorization.k8s.io/v1/subjectaccessreviews");
  EXPECT_EQ(other.body,
            R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{)"
            R"("groups":["dev"],"resourceAttributes":{"group":"berth.dev","namespace":"blue",)"
            R"("resource":"gpujobs","verb":"create"},"user":"ada"}})");
  EXPECT_EQ(line(self_subject_access_review(access)),
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
}

TEST(Resources, AreFoundByWhatAManifestSays) {
  EXPECT_EQ(find_resource("berth.dev/v1alpha1", "GpuJob"), kGpuJobs);
  EXPECT_EQ(find_resource("v1", "Pod"), kPods);
  EXPECT_EQ(find_resource("v2", "Pod"), std::nullopt);
}

}  // namespace
}  // namespace berth::kube
