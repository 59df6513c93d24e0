#include "operator/extender/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "operator/extender/testing/calls.h"

namespace berth::extender {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string golden(const std::string& name) {
  std::ifstream in("tests/golden/extender/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string encoded(const FilterResult& result) {
  std::string out;
  encode(result, out);
  return out;
}

const std::string kAPod = R"({"Pod":{"metadata":{"name":"p","namespace":"a","uid":"u"}})";

class ExtenderWire : public ::testing::Test {
 protected:
  std::string filter_error(std::string_view body) {
    const auto args = decoder_.filter_args(body);
    return args.ok() ? "accepted" : args.error().message;
  }
  std::string binding_error(std::string_view body) {
    const auto args = decoder_.binding_args(body);
    return args.ok() ? "accepted" : args.error().message;
  }

  WireDecoder decoder_{kAccelerators};
};

TEST_F(ExtenderWire, ReadsTheFilterCallOfKubeScheduler) {
  const std::string body = golden("filter_args.json");
  const auto args = decoder_.filter_args(body);
  ASSERT_TRUE(args.ok()) << args.error().message;
  const FilterArgs& got = **args;
  EXPECT_EQ(got.pod.name_space, "team-a");
  EXPECT_EQ(got.pod.name, "train-1-0");
  EXPECT_FALSE(got.pod.uid.empty());
  EXPECT_EQ(got.pod.owner.kind, "GpuJob");
  EXPECT_EQ(got.pod.owner.name, "train");
  EXPECT_THAT(got.node_names, ElementsAre("node-1"));
}

TEST_F(ExtenderWire, ReadsTheBindCallOfKubeScheduler) {
  const auto args = decoder_.binding_args(golden("binding_args.json"));
  ASSERT_TRUE(args.ok()) << args.error().message;
  EXPECT_EQ(args->pod_name, "train-1-0");
  EXPECT_EQ(args->pod_namespace, "team-a");
  EXPECT_EQ(args->node, "node-1");
}

TEST_F(ExtenderWire, SpellsRepliesTheWayKubeSchedulerReadsThem) {
  EXPECT_EQ(encoded({.node_names = {"n1", "n2"}, .unresolvable = {{"n4", "r"}}}),
            golden("filter_result.json"));
  EXPECT_EQ(encoded({.error = "cache not synced"}), golden("filter_result_error.json"));
  std::string out;
  encode_binding_result("", out);
  EXPECT_EQ(out, golden("binding_result.json"));
}

TEST_F(ExtenderWire, EscapesWhatGoesIntoAReply) {
  std::string out;
  encode_binding_result("pod \"a\\b\"\n\x01", out);
  EXPECT_EQ(Json::parse(out)["Error"], "pod \"a\\b\"\n\x01");
}

TEST_F(ExtenderWire, ReadsNullAbsentAndEmptyListsAlike) {
  const std::string pod = plain_pod("a", "p").dump();
  for (const char* const names : {R"("NodeNames":null,)", "", R"("NodeNames":[],)"}) {
    const std::string body = "{" + std::string(names) + R"("Nodes":null,"Pod":)" + pod + "}";
    const auto args = decoder_.filter_args(body);
    ASSERT_TRUE(args.ok()) << body;
    EXPECT_THAT((*args)->node_names, IsEmpty());
    EXPECT_FALSE((*args)->has_nodes);
  }
}

TEST_F(ExtenderWire, NoticesThatWholeNodesWereSent) {
  const std::string body =
      R"({"Nodes":{"items":[]},"NodeNames":null,"Pod":)" + plain_pod("a", "p").dump() + "}";
  EXPECT_TRUE((*decoder_.filter_args(body))->has_nodes);
}

TEST_F(ExtenderWire, MatchesKeysAsGoDoes) {
  const std::string body =
      R"({"nodenames":["n1"],"other":{"a":[1,2]},"pod":)" + plain_pod("a", "p").dump() + "}";
  const auto args = decoder_.filter_args(body);
  ASSERT_TRUE(args.ok()) << args.error().message;
  EXPECT_THAT((*args)->node_names, ElementsAre("n1"));
  EXPECT_EQ(decoder_.binding_args(R"({"podname":"p","PODNAMESPACE":"a","podUID":"u","node":"n"})")
                ->pod_name,
            "p");
}

TEST_F(ExtenderWire, NamesThePlaceOfAMistake) {
  EXPECT_THAT(filter_error("nonsense"), HasSubstr("not JSON"));
  EXPECT_THAT(filter_error(""), HasSubstr("not JSON"));
  EXPECT_EQ(filter_error("[]"), "want an object");
  EXPECT_EQ(filter_error("{}"), "Pod: missing");
  EXPECT_EQ(filter_error(R"({"Pod":null})"), "Pod: missing");
  EXPECT_EQ(filter_error(R"({"Pod":[]})"), "Pod: want an object");
  EXPECT_EQ(filter_error(R"({"Pod":{}})"), "Pod.metadata: missing");
  EXPECT_EQ(filter_error(R"({"Pod":{"metadata":{}}})"), "Pod.metadata.name: missing");
  const std::string pod = kAPod + R"(,"NodeNames":)";
  EXPECT_EQ(filter_error(pod + "7}"), "NodeNames: want a list");
  EXPECT_EQ(filter_error(pod + R"(["n",7]})"), "NodeNames[1]: want a string");
  EXPECT_EQ(binding_error(R"({"PodName":7})"), "PodName: want a string");
  EXPECT_EQ(binding_error(R"({"PodName":"p","PodNamespace":"a","PodUID":"u"})"), "Node: missing");
}

TEST_F(ExtenderWire, RefusesWhatIsTooDeep) {
  const auto nested = [](int depth) {
    return kAPod + R"(,"x":)" + std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']') + "}";
  };
  EXPECT_EQ(filter_error(nested(kJsonDepthMax - 2)), "accepted");
  EXPECT_EQ(filter_error(nested(kJsonDepthMax)), "nested deeper than 64");
  EXPECT_EQ(filter_error(nested(1'000'000)), "nested deeper than 64");
}

TEST_F(ExtenderWire, RefusesAMemberThatIsThereTwice) {
  EXPECT_EQ(filter_error(kAPod + R"(,"pod":{}})"), "'Pod' is there twice");
  EXPECT_EQ(filter_error(kAPod + R"(,"x":[{"a":1,"b":2,"a":1}]})"), "'a' is there twice");
  EXPECT_EQ(filter_error(kAPod + R"(,"x":{"":1,"":1}})"), "'' is there twice");
  EXPECT_EQ(filter_error(kAPod + R"(,"x":{"\n\u0001":1,"\n\u0001":1}})"), "'\?\?' is there twice");
  EXPECT_EQ(filter_error(kAPod + R"(,"x":{"a":1},"y":{"a":1}})"), "accepted");
  EXPECT_EQ(binding_error(R"({"PodName":"p","podname":"q"})"), "'PodName' is there twice");
}

TEST_F(ExtenderWire, TakesOnlyNamesForNames) {
  const auto error_with = [&](const char* key, const Json& value) {
    Json pod = plain_pod("a", "p");
    pod["metadata"][key] = value;
    return filter_error(filter_body(pod, {}));
  };
  EXPECT_EQ(error_with("name", "a.b-0"), "accepted");
  for (const char* const bad :
       {"../../secrets", "a b", "A", "..", "a..b", "-a", "a.", "a\n", "\xc3\xa9", "a/b", "?x"}) {
    EXPECT_EQ(error_with("name", bad), "Pod.metadata.name: no name of an object") << bad;
    EXPECT_EQ(error_with("uid", bad), "Pod.metadata.uid: no name of an object") << bad;
  }
  EXPECT_THAT(error_with("namespace", std::string(254, 'a')), HasSubstr("namespace: no name"));
  EXPECT_EQ(error_with("uid", nullptr), "Pod.metadata.uid: missing");
  EXPECT_EQ(binding_error(R"({"PodName":"p","PodNamespace":"a","PodUID":"u","Node":"n/../m"})"),
            "Node: no name of an object");
}

// What cannot be read of a pod would else be nothing that Berth minds: a yes to every node.
TEST_F(ExtenderWire, RefusesAPodThatItCanOnlyHalfRead) {
  const auto error_with = [&](const char* path, const Json& value) {
    Json pod = with_devices(plain_pod("a", "p"), 1);
    pod[Json::json_pointer(path)] = value;
    return filter_error(filter_body(pod, {}));
  };
  EXPECT_EQ(error_with("/spec", 1), "Pod.spec: want an object");
  EXPECT_EQ(error_with("/spec/containers", Json::object()), "Pod.spec.containers: want a list");
  EXPECT_EQ(error_with("/spec/containers/0", "c"), "Pod.spec.containers: want a list of objects");
  const char* const resources = "/spec/containers/0/resources";
  EXPECT_EQ(error_with(resources, 1), "Pod.spec.*.resources: want an object");
  const std::string limits = std::string(resources) + "/limits";
  EXPECT_EQ(error_with(limits.c_str(), "1"), "Pod.spec.*.resources.limits: want an object");
  const std::string devices = limits + "/nvidia.com~1gpu";
  for (const Json& amount : {Json("many"), Json(-1), Json("-1"), Json(nullptr), Json(true)}) {
    EXPECT_EQ(error_with(devices.c_str(), amount),
              "Pod.spec.*.resources.limits: an accelerator without an amount")
        << amount;
  }
  const Json owner = worker_pod("a", "j", "j-1-0")["metadata"]["ownerReferences"][0];
  EXPECT_THAT(error_with("/metadata/ownerReferences", "x"), HasSubstr("want a list"));
  EXPECT_THAT(error_with("/metadata/ownerReferences", {owner, owner}), HasSubstr("true twice"));
  Json unsure = owner;
  unsure["controller"] = "true";
  EXPECT_EQ(error_with("/metadata/ownerReferences", Json::array({unsure})),
            "Pod.metadata.ownerReferences[].controller: want true or false");
}

TEST_F(ExtenderWire, RefusesEveryPrefixOfACall) {
  const std::string body = filter_body(with_devices(plain_pod("a", "p"), 2), {"n1", "n2"});
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decoder_.filter_args(std::string_view(body).substr(0, size)).ok()) << size;
  }
  EXPECT_TRUE(decoder_.filter_args(body).ok());
}

TEST_F(ExtenderWire, KeepsNothingOfTheCallBefore) {
  ASSERT_TRUE(decoder_.filter_args(filter_body(worker_pod("a", "j", "j-1-0"), {"n1"})).ok());
  const auto args = decoder_.filter_args(filter_body(plain_pod("b", "q"), {}));
  ASSERT_TRUE(args.ok());
  EXPECT_EQ((*args)->pod, facts(plain_pod("b", "q")));
  EXPECT_THAT((*args)->node_names, IsEmpty());
}

TEST_F(ExtenderWire, GivesAForeignAcceleratorPodAllItsFacts) {
  Json pod = pinned(with_devices(plain_pod("a", "p"), 2), "n1");
  pod["spec"]["initContainers"] = {
      {{"name", "i"}, {"resources", {{"requests", {{"amd.com/gpu", "3"}}}}}}};
  const std::string body = filter_body(pod, {"n1"});
  const auto args = decoder_.filter_args(body);
  ASSERT_TRUE(args.ok()) << args.error().message;
  EXPECT_EQ((*args)->pod, facts(pod));
  EXPECT_EQ((*args)->pod.pin, "n1");
  EXPECT_EQ((*args)->pod.devices[0], 2);
  EXPECT_EQ((*args)->pod.devices[1], 3);
}

TEST_F(ExtenderWire, TakesOnlyAGpuJobThatControlsThePodForItsOwner) {
  const auto owner = [&](const char* key, const Json& value) {
    Json pod = worker_pod("a", "j", "j-1-0");
    pod["metadata"]["ownerReferences"][0][key] = value;
    return (*decoder_.filter_args(filter_body(pod, {})))->pod.owner;
  };
  EXPECT_TRUE(owner("kind", "GpuJob").exists());
  EXPECT_FALSE(owner("kind", "InferenceEndpoint").exists()) << "its replicas are GpuJobs";
  EXPECT_FALSE(owner("kind", "Quota").exists());
  EXPECT_FALSE(owner("apiVersion", "berth.dev.evil.example/v1").exists());
  EXPECT_FALSE(owner("apiVersion", "v1").exists());
  EXPECT_FALSE(owner("controller", false).exists());
}

}  // namespace
}  // namespace berth::extender
