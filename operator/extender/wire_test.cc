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
  EXPECT_EQ(filter_error(R"({"Pod":{}})"), "Pod.metadata: want an object");
  EXPECT_EQ(filter_error(R"({"Pod":{"metadata":{}}})"), "Pod.metadata.name: want a string");
  const std::string pod = R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":)";
  EXPECT_EQ(filter_error(pod + "7}"), "NodeNames: want a list");
  EXPECT_EQ(filter_error(pod + R"(["n",7]})"), "NodeNames[1]: want a string");
  EXPECT_EQ(binding_error(R"({"PodName":7})"), "PodName: want a string");
  EXPECT_EQ(binding_error(R"({"PodName":"p","PodNamespace":"a","PodUID":"u"})"), "Node: missing");
}

TEST_F(ExtenderWire, RefusesWhatIsTooDeep) {
  const auto nested = [](int depth) {
    return R"({"Pod":{"metadata":{"name":"p"}},"x":)" +
           std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']') + "}";
  };
  EXPECT_EQ(filter_error(nested(kJsonDepthMax - 2)), "accepted");
  EXPECT_EQ(filter_error(nested(kJsonDepthMax)), "nested deeper than 64");
  EXPECT_EQ(filter_error(nested(1'000'000)), "nested deeper than 64");
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

TEST_F(ExtenderWire, TakesOnlyAControllerOfBerthsKindsForAnOwner) {
  const auto owner = [&](const char* key, const Json& value) {
    Json pod = worker_pod("a", "j", "j-1-0");
    pod["metadata"]["ownerReferences"][0][key] = value;
    return (*decoder_.filter_args(filter_body(pod, {})))->pod.owner;
  };
  EXPECT_TRUE(owner("kind", "GpuJob").exists());
  EXPECT_TRUE(owner("kind", "InferenceEndpoint").exists());
  EXPECT_FALSE(owner("kind", "Quota").exists());
  EXPECT_FALSE(owner("apiVersion", "berth.dev.evil.example/v1").exists());
  EXPECT_FALSE(owner("apiVersion", "v1").exists());
  EXPECT_FALSE(owner("controller", false).exists());
}

}  // namespace
}  // namespace berth::extender
