#include "translate/pod.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "sched/bounds.h"

namespace berth::translate {
namespace {

Json container(const char* gpus, const char* cpu = "0") {
  return {{"name", "c"}, {"resources", {{"requests", {{"nvidia.com/gpu", gpus}, {"cpu", cpu}}}}}};
}
Json sidecar(const char* gpus) {
  Json made = container(gpus);
  made["restartPolicy"] = "Always";
  return made;
}
// As a watch would hand it on.
Json watched(const Json& pod) { return parse_json(pod.dump(), pod_members()); }
int64_t gpus(const Json& spec) {
  const Json pod = watched({{"spec", spec}});
  const auto devices = requests_of(pod["spec"], well_known_accelerators()).devices;
  return devices.empty() ? 0 : devices.at("nvidia.com/gpu");
}
Pod pod_of(const Json& pod) { return *decode_pod(watched(pod), well_known_accelerators()); }
Json pod_json(Json spec, Json status = Json::object()) {
  return {{"metadata", {{"name", "p"}, {"namespace", "n"}, {"uid", "u"}}},
          {"spec", std::move(spec)},
          {"status", std::move(status)}};
}

// ---- requests, as Kubernetes counts them (KEP-753) ----

TEST(PodRequests, OfContainersAddUp) {
  EXPECT_EQ(gpus({{"containers", {container("1"), container("2")}}}), 3);
}

TEST(PodRequests, OfTheLargestInitContainerCountIfTheyAreMore) {
  EXPECT_EQ(gpus({{"initContainers", {container("4"), container("2")}},
                  {"containers", {container("1")}}}),
            4);
  EXPECT_EQ(gpus({{"initContainers", {container("1")}}, {"containers", {container("3")}}}), 3);
}

TEST(PodRequests, OfSidecarsRunBesideTheContainers) {
  EXPECT_EQ(gpus({{"initContainers", {sidecar("1")}}, {"containers", {container("2")}}}), 3);
}

TEST(PodRequests, OfSidecarsRunBesideTheInitContainersAfterThem) {
  EXPECT_EQ(
      gpus({{"initContainers", {sidecar("1"), container("4")}}, {"containers", {container("1")}}}),
      5);
  EXPECT_EQ(
      gpus({{"initContainers", {container("4"), sidecar("1")}}, {"containers", {container("1")}}}),
      4);
}

TEST(PodRequests, ALimitWithoutARequestIsOne) {
  EXPECT_EQ(gpus({{"containers", {{{"resources", {{"limits", {{"nvidia.com/gpu", "2"}}}}}}}}}), 2);
  EXPECT_EQ(gpus({{"containers", {{{"resources", {{"limits", {{"nvidia.com/gpu", 2}}}}}}}}}), 2);
}

TEST(PodRequests, HoldNoResourceThatIsZeroOrUnknown) {
  const auto requests = requests_of(
      {{"containers",
        {{{"resources", {{"requests", {{"nvidia.com/gpu", "0"}, {"example.com/x", "1"}}}}}}}}},
      well_known_accelerators());
  EXPECT_TRUE(requests.devices.empty());
}

TEST(PodRequests, CountRoomAndOverhead) {
  const auto requests = requests_of({{"containers", {container("0", "1500m")}},
                                     {"overhead", {{"cpu", "250m"}, {"memory", "1Mi"}}}},
                                    well_known_accelerators());
  EXPECT_EQ(requests.room, (sched::Room{1'750, 1 << 20}));
}

TEST(PodRequests, BeyondAllMeasureAreBoundedSoThatSumsHold) {
  const std::string most = std::to_string(std::numeric_limits<int64_t>::max());
  const auto requests =
      requests_of({{"containers", {container(most.c_str(), most.c_str()), container("-5", "1")}},
                   {"overhead", {{"memory", "1e30"}}}},
                  well_known_accelerators());
  EXPECT_EQ(requests.devices.at("nvidia.com/gpu"), sched::kMostHeldDevices);
  EXPECT_EQ(requests.room, (sched::Room{sched::kMostCpuMilli, sched::kMostMemoryBytes}));
  EXPECT_EQ(gpus({{"containers", {container("-5")}}}), 0);
}

// ---- where it is ----

Json pinned_terms(std::vector<std::vector<std::string>> names) {
  Json terms = Json::array();
  for (const auto& values : names) {
    terms.push_back(
        {{"matchFields", {{{"key", "metadata.name"}, {"operator", "In"}, {"values", values}}}}});
  }
  return {
      {"affinity",
       {{"nodeAffinity",
         {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", terms}}}}}}}};
}

TEST(Pod, IsPinnedWhenEveryTermNamesTheSameNode) {
  EXPECT_EQ(pod_of(pod_json(pinned_terms({{"a"}}))).pinned_node, "a");
  EXPECT_EQ(pod_of(pod_json(pinned_terms({{"a"}, {"a"}}))).pinned_node, "a");
  EXPECT_EQ(pod_of(pod_json(pinned_terms({{"a"}, {"b"}}))).pinned_node, "");
  EXPECT_EQ(pod_of(pod_json(pinned_terms({{"a", "b"}}))).pinned_node, "");
  Json spec = pinned_terms({{"a"}});
  spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
      ["nodeSelectorTerms"]
          .push_back({{"matchExpressions", {{{"key", "zone"}, {"operator", "Exists"}}}}});
  EXPECT_EQ(pod_of(pod_json(spec)).pinned_node, "");
}

TEST(Pod, HoldsItsNodeFromThePinUntilItHasEnded) {
  Json spec = pinned_terms({{"a"}});
  EXPECT_TRUE(pod_of(pod_json(spec)).holds_node());
  spec["schedulingGates"] = {{{"name", "berth.dev/admission"}}};
  EXPECT_FALSE(pod_of(pod_json(spec)).holds_node());
  const Json bound = {{"nodeName", "a"}};
  EXPECT_TRUE(pod_of(pod_json(bound, {{"phase", "Running"}})).holds_node());
  EXPECT_FALSE(pod_of(pod_json(bound, {{"phase", "Succeeded"}})).holds_node());
  Json terminating = pod_json(bound, {{"phase", "Running"}});
  terminating["metadata"]["deletionTimestamp"] = "2026-08-22T09:30:00Z";
  EXPECT_TRUE(pod_of(terminating).holds_node());
}

TEST(Pod, TellsItsGateFromThoseOfOthers) {
  const Pod pod = pod_of(pod_json(
      {{"schedulingGates", {{{"name", "berth.dev/admission"}}, {{"name", "example.com/x"}}}}}));
  EXPECT_TRUE(pod.gated);
  EXPECT_TRUE(pod.other_gates);
}

// ---- how it goes ----

Json terminated(int code, const char* message = "") {
  return {{"name", "c"}, {"state", {{"terminated", {{"exitCode", code}, {"message", message}}}}}};
}

TEST(Pod, ThatEndedSaysHow) {
  const Pod pod = pod_of(pod_json(
      Json::object(),
      {{"phase", "Failed"}, {"containerStatuses", {terminated(0), terminated(3, "bye")}}}));
  EXPECT_EQ(pod.phase, PodPhase::Failed);
  EXPECT_EQ(pod.exit_code, 3);  // the one that ended badly
  EXPECT_EQ(pod.termination_message, "bye");
  EXPECT_TRUE(pod.started);
}

TEST(Pod, ThatWasRejectedNeverStarted) {
  const Pod pod = pod_of(pod_json(
      Json::object(),
      {{"phase", "Failed"}, {"reason", "OutOfcpu"}, {"message", "Node didn't have enough cpu"}}));
  EXPECT_FALSE(pod.started);
  EXPECT_FALSE(pod.exit_code);
  EXPECT_EQ(pod.reason, "OutOfcpu");
  EXPECT_EQ(pod.detail, "Node didn't have enough cpu");
}

TEST(Pod, ThatWaitsSaysWhy) {
  const Json waiting = {
      {"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "not found"}}}}}};
  EXPECT_EQ(pod_of(pod_json(Json::object(), {{"containerStatuses", {waiting}}})).detail,
            "ImagePullBackOff: not found");
}

TEST(Pod, ThatIsToBeTakenAwaySaysSo) {
  const auto with = [](const char* status) {
    return pod_of(pod_json(Json::object(),
                           {{"conditions", {{{"type", "DisruptionTarget"}, {"status", status}}}}}));
  };
  EXPECT_TRUE(with("True").disrupted);
  EXPECT_FALSE(with("False").disrupted);
}

TEST(Pod, KeepsOfItsMetadataWhatIsBerths) {
  Json json = pod_json(Json::object());
  json["metadata"]["labels"] = {{"app", "x"}, {"berth.dev/group", "g"}};
  json["metadata"]["annotations"] = {{"large", "text"}, {"berth.dev/plan", "a"}};
  json["metadata"]["ownerReferences"] = {
      {{"apiVersion", "v1"}, {"kind", "A"}, {"name", "a"}, {"uid", "1"}},
      {{"apiVersion", "v1"}, {"kind", "B"}, {"name", "b"}, {"uid", "2"}, {"controller", true}}};
  const Pod pod = pod_of(json);
  EXPECT_EQ(pod.meta.labels.size(), 1u);
  EXPECT_EQ(pod.meta.annotations.size(), 1u);
  ASSERT_EQ(pod.meta.owners.size(), 1u);
  EXPECT_EQ(pod.meta.owners.front().uid, "2");
}

TEST(Pod, OfANewerServerIsReadAsFarAsItGoes) {
  const Pod pod = pod_of(pod_json({{"containers", 7}, {"schedulingGates", "x"}},
                                  {{"phase", "Dreaming"}, {"conditions", Json::object()}}));
  EXPECT_EQ(pod.phase, PodPhase::Unknown);
  EXPECT_FALSE(pod.is_terminal());
  EXPECT_FALSE(decode_pod({{"metadata", Json::object()}}, well_known_accelerators()));
}

TEST(Pod, WithARestartCountOfAnotherTypeIsStillRead) {
  const Json odd = {{"restartCount", "many"}, {"state", Json::object()}};
  EXPECT_FALSE(pod_of(pod_json(Json::object(), {{"containerStatuses", {odd}}})).started);
}

}  // namespace
}  // namespace berth::translate
