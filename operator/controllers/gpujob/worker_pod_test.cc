#include "operator/controllers/gpujob/worker_pod.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "operator/controllers/gpujob/testing/situation.h"
#include "operator/world/stores.h"
#include "translate/pod.h"

namespace berth::control {
namespace {

using testing::ElementsAre;

constexpr const char* kGolden = "tests/golden/worker_pod.json";

Situation placed_job() {
  Situation s;
  s.workers(2, 4).placed({"node-a", "node-b"}, 3);
  s.job.spec.worker.image = "example/trainer@sha256:0123";
  s.job.spec.worker.args = {"--epochs=20"};
  s.job.spec.worker.env = {{"NCCL_DEBUG", "INFO"}};
  s.job.spec.worker.resources = {.cpu = "4", .memory = "16Gi"};
  s.job.spec.worker.image_pull_policy = api::ImagePullPolicy::Never;
  s.job.spec.checkpoint = api::Checkpoint{"pvc://runs/train", 600, 90};
  return s;
}

Json second_worker(const Situation& s) {
  return worker_pod(s.job, 1, {.resource = "nvidia.com/gpu"}, s.settings);
}

std::string env(const Json& pod, const std::string& name) {
  for (const Json& var : pod.at("/spec/containers/0/env"_json_pointer)) {
    if (var.at("name") == name) return var.at("value");
  }
  return "absent";
}

// The whole pod, so that no change of it goes unseen.
TEST(WorkerPod, IsTheGoldenPod) {
  std::ifstream file(kGolden);
  ASSERT_TRUE(file) << "run from the root of the tree";
  const Json golden = Json::parse(file, nullptr, false);
  const Json pod = second_worker(placed_job());
  EXPECT_EQ(pod, golden) << "if that is meant, " << kGolden << " becomes:\n" << pod.dump(2);
}

TEST(WorkerPod, OfAReplicaHasItsModelAndIsReadyOnceItAnswers) {
  Situation s = placed_job();
  s.job.spec.checkpoint.reset();
  s.job.spec.replica = api::Replica{.endpoint = "digits",
                                    .model_name = "digits",
                                    .model = {"pvc://models/digits/model.pt", std::string(64, 'a')},
                                    .request_timeout_milliseconds = 20'500};
  const Json pod = second_worker(s);
  EXPECT_EQ(pod["metadata"]["labels"]["berth.dev/endpoint"], "digits");
  EXPECT_EQ(env(pod, "BERTH_MODEL"), "/var/run/berth/model/digits/model.pt");
  EXPECT_EQ(env(pod, "BERTH_MODEL_SHA256"), std::string(64, 'a'));
  const Json& container = pod["spec"]["containers"][0];
  EXPECT_EQ(container["readinessProbe"]["httpGet"]["path"], "/v2/health/ready");
  EXPECT_EQ(pod["spec"]["volumes"].back()["persistentVolumeClaim"],
            Json::parse(R"({"claimName":"models","readOnly":true})"));
  EXPECT_EQ(pod["spec"]["terminationGracePeriodSeconds"], 36) << "its requests are finished";
}

TEST(WorkerPod, OfAReplicaMayHaveItsModelInTheImage) {
  Situation s = placed_job();
  s.job.spec.replica = api::Replica{.endpoint = "digits", .model = {"file:///m/model.pt", ""}};
  const Json pod = second_worker(s);
  EXPECT_EQ(env(pod, "BERTH_MODEL"), "/m/model.pt");
  EXPECT_EQ(env(pod, "BERTH_MODEL_SHA256"), "absent");
}

TEST(WorkerPod, IsPinnedByNameInEveryTerm) {
  const Json pod = second_worker(placed_job());
  const Json& terms = pod.at("spec")
                          .at("affinity")
                          .at("nodeAffinity")
                          .at("requiredDuringSchedulingIgnoredDuringExecution")
                          .at("nodeSelectorTerms");
  ASSERT_FALSE(terms.empty());
  for (const Json& term : terms) {
    EXPECT_EQ(term.at("matchFields"),
              Json::parse(R"([{"key":"metadata.name","operator":"In","values":["node-b"]}])"));
  }
}

TEST(WorkerPod, ReadsBackAsPinnedPlannedAndOurs) {
  const Situation s = placed_job();
  const auto pod = translate::decode_pod(second_worker(s), s.settings.accelerators);
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod->pinned_node, "node-b");
  EXPECT_EQ(pod->requests.devices.at("nvidia.com/gpu"), 4);
  EXPECT_EQ(pod->requests.room, (sched::Room{4'000, 16LL << 30}));
  EXPECT_EQ(owner_job(*pod), s.job.meta.uid);
}

TEST(WorkerPod, CarriesTheRendezvousOfItsGang) {
  const Json pod = second_worker(placed_job());
  EXPECT_EQ(env(pod, "RANK"), "1");
  EXPECT_EQ(env(pod, "WORLD_SIZE"), "2");
  EXPECT_EQ(env(pod, "MASTER_ADDR"), "train-3-0.berth.blue.svc");
  EXPECT_EQ(env(pod, "BERTH_JOB"), "train");
  EXPECT_EQ(env(pod, "BERTH_ATTEMPT"), "3");
  EXPECT_EQ(env(pod, "BERTH_CHECKPOINT_DIR"), "/var/run/berth/checkpoint");
  EXPECT_EQ(pod.at("spec").at("hostname"), "train-3-1");
  EXPECT_EQ(pod.at("spec").at("subdomain"), "berth");
}

TEST(WorkerPod, TheContractsVariablesComeAfterTheUsers) {
  const Json pod = second_worker(placed_job());
  EXPECT_EQ(pod.at("/spec/containers/0/env/0"_json_pointer).at("name"),
            "NCCL_DEBUG");  // the last of two equal names wins
}

TEST(WorkerPod, HasNoTokenUnlessTheJobNamesAnAccount) {
  Situation s = placed_job();
  EXPECT_EQ(second_worker(s).at("spec").at("automountServiceAccountToken"), false);
  EXPECT_FALSE(second_worker(s).at("spec").contains("serviceAccountName"));
  s.job.spec.worker.service_account_name = "reader";
  EXPECT_EQ(second_worker(s).at("spec").at("automountServiceAccountToken"), true);
  EXPECT_EQ(second_worker(s).at("spec").at("serviceAccountName"), "reader");
}

TEST(WorkerPod, MountsTheClaimAtItsFolder) {
  const Json pod = second_worker(placed_job());
  EXPECT_EQ(pod.at("/spec/volumes/1"_json_pointer),
            Json::parse(R"({"name":"checkpoint","persistentVolumeClaim":{"claimName":"runs"}})"));
  EXPECT_EQ(pod.at("/spec/containers/0/volumeMounts/1"_json_pointer),
            Json::parse(R"({"name":"checkpoint","mountPath":"/var/run/berth/checkpoint",
                            "subPath":"train"})"));
  EXPECT_EQ(pod.at("spec").at("terminationGracePeriodSeconds"), 90);
}

TEST(WorkerPod, AClaimWithoutAFolderIsMountedWhole) {
  Situation s = placed_job();
  s.job.spec.checkpoint->uri = "pvc://runs";
  EXPECT_FALSE(
      second_worker(s).at("/spec/containers/0/volumeMounts/1"_json_pointer).contains("subPath"));
}

TEST(WorkerPod, WithoutACheckpointHasNoneOfIt) {
  Situation s = placed_job();
  s.job.spec.checkpoint.reset();
  const Json pod = second_worker(s);
  EXPECT_EQ(env(pod, "BERTH_CHECKPOINT_DIR"), "absent");
  EXPECT_EQ(pod.at("spec").at("volumes").size(), 1u);
  EXPECT_FALSE(pod.at("spec").contains("terminationGracePeriodSeconds")) << "30 by default";
  EXPECT_FALSE(pod.at("spec").at("securityContext").contains("fsGroup"));
}

TEST(WorkerPod, IsScheduledByBerthAtItsOwnPriority) {
  const Json pod = second_worker(placed_job());
  EXPECT_EQ(pod.at("spec").at("schedulerName"), "berth");
  EXPECT_EQ(pod.at("spec").at("priorityClassName"), "berth-workload");
  EXPECT_EQ(pod.at("spec").at("restartPolicy"), "Never");
  EXPECT_FALSE(pod.at("spec").contains("nodeName"));
}

}  // namespace
}  // namespace berth::control
