#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/time.h"
#include "tests/cluster/contract.h"

// What pods, Leases and Events have of their own.
namespace berth::cluster {
namespace {

using kube::bind_pod;
using kube::create;
using kube::kPods;
using kube::patch_json;
using kube::patch_merge;
using testing::HasSubstr;

class Pods : public Contract {
 protected:
  Json gated_pod(const std::string& name) {
    Json object = pod(name);
    object["spec"]["schedulingGates"] = Json::array({{{"name", "berth.dev/admission"}}});
    return must(create(kPods, object));
  }
  static Json condition(const Json& pod, const std::string& type) {
    for (const Json& one : pod.value(Json::json_pointer("/status/conditions"), Json::array())) {
      if (one["type"] == type) return one;
    }
    return {};
  }
  static Json affinity_to(const std::string& node) {
    const Json term = {
        {"matchFields",
         Json::array({{{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}}})}};
    return {{"nodeAffinity",
             {{"requiredDuringSchedulingIgnoredDuringExecution",
               {{"nodeSelectorTerms", Json::array({term})}}}}}};
  }
};

INSTANTIATE_TEST_SUITE_P(Fake, Pods, testing::Values(ServerChoice{"fake", start_fake}));
INSTANTIATE_TEST_SUITE_P(Real, Pods, testing::Values(ServerChoice{"real", start_real}));

TEST_P(Pods, StartPendingWithTheDefaults) {
  const Json made = must(create(kPods, pod("a")));
  EXPECT_EQ(made["status"]["phase"], "Pending");
  EXPECT_EQ(made["spec"]["terminationGracePeriodSeconds"], 30);
  EXPECT_EQ(made["spec"]["schedulerName"], "default-scheduler");
  EXPECT_EQ(made["metadata"]["generation"], 1);
}

TEST_P(Pods, ABindingSetsTheNodeOnce) {
  const Json made = must(create(kPods, pod("a")));
  must(bind_pod(ns(), "a", uid_of(made), "node-x"));
  const Json bound = get(kPods, "a");
  EXPECT_EQ(bound["spec"]["nodeName"], "node-x");
  EXPECT_EQ(condition(bound, "PodScheduled")["status"], "True");
  EXPECT_EQ(refusal(bind_pod(ns(), "a", uid_of(made), "node-x")), Code::Conflict);
  EXPECT_EQ(refusal(bind_pod(ns(), "a", uid_of(made), "node-y")), Code::Conflict);
}

TEST_P(Pods, ABindingOfAnotherUidIsAConflict) {
  must(create(kPods, pod("a")));
  EXPECT_EQ(refusal(bind_pod(ns(), "a", "another", "node-x")), Code::Conflict);
  EXPECT_EQ(refusal(bind_pod(ns(), "b", "another", "node-x")), Code::NotFound);
}

TEST_P(Pods, AGatedPodIsNotBound) {
  const Json made = gated_pod("a");
  EXPECT_EQ(condition(made, "PodScheduled")["reason"], "SchedulingGated");
  EXPECT_EQ(refusal(bind_pod(ns(), "a", uid_of(made), "node-x")), Code::Conflict);
}

TEST_P(Pods, APodThatIsGoingIsNotBound) {
  Json object = pod("a");
  object["metadata"]["finalizers"] = {"contract.berth.dev/held"};
  const Json made = must(create(kPods, object));
  must(kube::remove(kPods, ns(), "a"));
  EXPECT_EQ(refusal(bind_pod(ns(), "a", uid_of(made), "node-x")), Code::Conflict);
  must(patch_merge(kPods, ns(), "a", {{"metadata", {{"finalizers", nullptr}}}}));
}

TEST_P(Pods, AreUngatedAndPinnedInOnePatch) {
  const Json made = gated_pod("a");
  const Json patch = Json::array(
      {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid_of(made)}},
       {{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", version_of(made)}},
       {{"op", "add"}, {"path", "/spec/affinity"}, {"value", affinity_to("node-x")}},
       {{"op", "remove"}, {"path", "/spec/schedulingGates"}}});
  const Json after = must(patch_json(kPods, ns(), "a", patch));
  EXPECT_FALSE(after["spec"].contains("schedulingGates"));
  EXPECT_TRUE(after["spec"].contains("affinity"));
  EXPECT_EQ(after["metadata"]["generation"], 2);
  EXPECT_EQ(refusal(patch_json(kPods, ns(), "a", patch)), Code::Invalid);
}

TEST_P(Pods, GatesAreOnlyTakenAway) {
  const Json gates = Json::array({{{"name", "berth.dev/admission"}}, {{"name", "other.dev/gate"}}});
  gated_pod("a");
  EXPECT_EQ(refusal(patch_merge(kPods, ns(), "a", {{"spec", {{"schedulingGates", gates}}}})),
            Code::Invalid);
}

TEST_P(Pods, AreNotPinnedOnceTheyAreUngated) {
  must(create(kPods, pod("a")));
  EXPECT_EQ(
      refusal(patch_merge(kPods, ns(), "a", {{"spec", {{"affinity", affinity_to("node-x")}}}})),
      Code::Invalid);
  EXPECT_EQ(refusal(patch_merge(kPods, ns(), "a", {{"spec", {{"nodeName", "node-x"}}}})),
            Code::Invalid);
}

TEST_P(Pods, AGatedPodHasNoNode) {
  Json object = pod("a");
  object["spec"]["schedulingGates"] = Json::array({{{"name", "berth.dev/admission"}}});
  object["spec"]["nodeName"] = "node-x";
  EXPECT_EQ(refusal(create(kPods, object)), Code::Invalid);
}

TEST_P(Pods, LabelsAndImagesMayChange) {
  must(create(kPods, pod("a")));
  must(patch_merge(kPods, ns(), "a", {{"metadata", {{"labels", {{"x", "y"}}}}}}));
  const Json image = {{"op", "replace"}, {"path", "/spec/containers/0/image"}, {"value", "other"}};
  must(patch_json(kPods, ns(), "a", Json::array({image})));
  const Json command = {{"op", "add"}, {"path", "/spec/containers/0/command"}, {"value", {"x"}}};
  EXPECT_EQ(refusal(patch_json(kPods, ns(), "a", Json::array({command}))), Code::Invalid);
}

TEST_P(Pods, AnEvictionTakesAPodThatIsNotBound) {
  must(create(kPods, pod("a")));
  must(kube::evict(ns(), "a"));
  EXPECT_FALSE(exists(kPods, "a"));
  EXPECT_EQ(refusal(kube::evict(ns(), "a")), Code::NotFound);
}

TEST_P(Pods, AnEvictionMarksABoundPodAndGivesItItsGracePeriod) {
  bound_pod("a");
  must(kube::evict(ns(), "a"));
  const Json going = get(kPods, "a");
  EXPECT_TRUE(going["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(condition(going, "DisruptionTarget")["reason"], "EvictionByEvictionAPI");
  must(kube::remove(kPods, ns(), "a", {.grace_seconds = 0}));
}

TEST_P(Pods, ALeaseIsTakenByCompareAndSwap) {
  Json lease = {{"metadata", scope("leader")},
                {"spec", {{"holderIdentity", "a"}, {"leaseDurationSeconds", 15}}}};
  const Json made = must(create(kube::kLeases, lease));
  EXPECT_FALSE(made["metadata"].contains("generation"));
  Json mine = made;
  mine["spec"]["holderIdentity"] = "b";
  must(kube::replace(kube::kLeases, mine));
  mine["spec"]["holderIdentity"] = "c";
  EXPECT_EQ(refusal(kube::replace(kube::kLeases, mine)), Code::Conflict);
  EXPECT_EQ(refusal(kube::replace(kube::kLeases, lease)), Code::Invalid);
}

TEST_P(Pods, AnEventCountsItsSeriesAndKeepsItsNote) {
  const std::string now = format_micro_time(server().clock().now());
  const Json event = {{"metadata", scope("a.1")},
                      {"eventTime", now},
                      {"reportingController", "berth.dev/operator"},
                      {"reportingInstance", "pod-0"},
                      {"regarding", {{"kind", "Pod"}, {"namespace", ns()}, {"name", "a"}}},
                      {"type", "Warning"},
                      {"reason", "OverQuota"},
                      {"action", "Admit"},
                      {"note", "wants 8"}};
  must(create(kube::kEvents, event));
  const Json series = {{"series", {{"count", 2}, {"lastObservedTime", now}}}};
  EXPECT_EQ(must(patch_merge(kube::kEvents, ns(), "a.1", series))["series"]["count"], 2);
  EXPECT_EQ(refusal(patch_merge(kube::kEvents, ns(), "a.1", {{"note", "wants 9"}})), Code::Invalid);
}

}  // namespace
}  // namespace berth::cluster
