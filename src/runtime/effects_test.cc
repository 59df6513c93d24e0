#include "runtime/effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/request.h"
#include "runtime/health.h"
#include "runtime/ownership.h"

namespace berth::runtime {
namespace {

using kube::fake::FakeServer;
using kube::fake::FakeTransport;
using testing::ElementsAre;

kube::Request create(const std::string& name) {
  return kube::create(kube::kNamespaces, {{"metadata", {{"name", name}}}});
}

struct EffectsTest : testing::Test {
  ManualClock clock;
  FakeServer server{clock};
  FakeTransport transport{server, clock};
};

TEST_F(EffectsTest, HandsBackEveryReplyDecodedInOrder) {
  Effects effects(transport, 2);
  std::vector<std::string> answers;
  for (const char* name : {"a", "b", "a", "c"}) {
    effects.send(create(name), [&](Result<Json> reply) {
      answers.push_back(reply ? (*reply)["metadata"]["name"].get<std::string>() : "refused");
    });
  }
  EXPECT_EQ(effects.pending(), 4u);
  transport.poll();
  EXPECT_THAT(answers, ElementsAre("a", "b", "refused", "c"));
  EXPECT_EQ(effects.pending(), 0u);
}

TEST_F(EffectsTest, KeepsToItsLimit) {
  Effects effects(transport, 2);
  for (const char* name : {"a", "b", "c"}) effects.send(create(name), [](Result<Json>) {});
  transport.step();
  transport.step();
  transport.step();
  EXPECT_EQ(transport.sent().size(), 2u);
  transport.poll();
  EXPECT_EQ(transport.sent().size(), 3u);
}

TEST_F(EffectsTest, AnswersToWhoeverIsGoneAreDropped) {
  {
    Effects effects(transport);
    effects.send(create("a"), [](Result<Json>) { FAIL(); });
  }
  transport.poll();
}

class FinalizerTest : public EffectsTest {
 protected:
  void SetUp() override { server.handle(kube::create(kube::kConfigMaps, object())); }
  static Json object() { return {{"metadata", {{"name", "a"}, {"namespace", "default"}}}}; }
  ObjectMeta meta() {
    const Json& stored = (*server.find(kube::kConfigMaps, "default", "a"))["metadata"];
    ObjectMeta meta;
    meta.name = "a";
    meta.uid = stored["uid"];
    meta.resource_version = stored["resourceVersion"];
    meta.finalizers = stored.value("finalizers", std::vector<std::string>());
    return meta;
  }
  int patch(const std::optional<Json>& operations) {
    return server.handle(kube::patch_json(kube::kConfigMaps, "default", "a", *operations)).status;
  }
};

TEST_F(FinalizerTest, IsPutOnAndTakenOff) {
  EXPECT_EQ(patch(add_finalizer(meta(), "berth.dev/release")), 200);
  EXPECT_EQ(patch(add_finalizer(meta(), "other.dev/x")), 200);
  EXPECT_THAT(meta().finalizers, ElementsAre("berth.dev/release", "other.dev/x"));
  EXPECT_EQ(add_finalizer(meta(), "other.dev/x"), std::nullopt);
  EXPECT_EQ(patch(remove_finalizer(meta(), "berth.dev/release")), 200);
  EXPECT_THAT(meta().finalizers, ElementsAre("other.dev/x"));
  EXPECT_EQ(remove_finalizer(meta(), "berth.dev/release"), std::nullopt);
}

TEST_F(FinalizerTest, APatchDecidedOnAnOldStateIsRefused) {
  const ObjectMeta old = meta();
  EXPECT_EQ(patch(add_finalizer(old, "other.dev/x")), 200);
  EXPECT_EQ(patch(add_finalizer(old, "berth.dev/release")), 422);
  EXPECT_THAT(meta().finalizers, ElementsAre("other.dev/x"));
}

TEST_F(FinalizerTest, NeverTakesOffThatOfAnother) {
  patch(add_finalizer(meta(), "berth.dev/release"));
  patch(add_finalizer(meta(), "other.dev/x"));
  const ObjectMeta old = meta();
  patch(remove_finalizer(old, "berth.dev/release"));
  EXPECT_EQ(patch(remove_finalizer(old, "berth.dev/release")), 422);
  EXPECT_THAT(meta().finalizers, ElementsAre("other.dev/x"));
}

TEST(Ownership, IsToldByGroupKindAndController) {
  ObjectMeta owner;
  owner.name = "train";
  owner.uid = "u1";
  const Json reference = owner_reference(kube::kGpuJobs, owner);
  EXPECT_EQ(reference["apiVersion"], "berth.dev/v1alpha1");
  ObjectMeta pod;
  pod.owners = {{"berth.dev/v1beta1", "GpuJob", "train", "u1", true, true}};
  EXPECT_EQ(controller_uid(pod, kube::kGpuJobs), "u1");
  EXPECT_EQ(controller_uid(pod, kube::kInferenceEndpoints), "");
  pod.owners[0].api_version = "elsewhere.dev/v1";
  EXPECT_EQ(controller_uid(pod, kube::kGpuJobs), "");
}

TEST(Health, IsOkWhenEveryCheckHoldsAndSaysWhichDoesNot) {
  const Monotonic now{Millis{5000}};
  Health health{{check_synced("pods", true), check_heartbeat("loop", now, now, Millis{100})}};
  EXPECT_TRUE(health.ok());
  health.checks.push_back(check_synced("nodes", false));
  health.checks.push_back(check_heartbeat("lease", Monotonic{}, now, Millis{100}));
  EXPECT_FALSE(health.ok());
  EXPECT_EQ(health.text(),
            "[+] informer pods\n[+] loop\n[-] informer nodes: not synced\n"
            "[-] lease: silent for 5000 ms, limit 100 ms\n");
}

}  // namespace
}  // namespace berth::runtime
