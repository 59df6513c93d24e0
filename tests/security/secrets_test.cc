#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "tests/security/one_operator.h"
#include "translate/pod.h"

// What users put into their pods stays there: nothing that the operator writes or says shows it.
namespace berth::security {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kMark = "s3cr3t-mark-4711";

class Secrets : public OneOperator {
 protected:
  // What is stored of it but for the parts that hold what users say: the spec of their objects, and
  // of pods, which are made for that.
  std::vector<std::string> shown_in() {
    std::vector<std::string> places;
    for (const kube::Resource& resource : kube::known_resources()) {
      for (const Json* object : cluster.server.list(resource)) {
        Json said = *object;
        said.erase("spec");
        if (said.dump().find(kMark) == std::string::npos) continue;
        places.push_back(std::string(resource.kind) + " " + said["metadata"]["name"].dump());
      }
    }
    return places;
  }

  // The operator's requests that carry it, but for what users say themselves: a write of a status
  // has the whole object, of which the API server takes the status.
  std::vector<std::string> sent_in() {
    std::vector<std::string> places;
    for (const auto& sent : transport.sent()) {
      const kube::Request& request = sent.request;
      const bool is_worker =
          request.method == kube::Method::Post && request.path.ends_with("/pods");
      Json body = request.body.empty() ? Json::object() : Json::parse(request.body);
      if (request.path.ends_with("/status")) body.erase("spec");
      const std::string all = request.path + "?" + request.query + body.dump();
      if (!is_worker && all.find(kMark) != std::string::npos) places.push_back(request.path);
    }
    return places;
  }
};

TEST_F(Secrets, OfJobsAndOfOthersPodsAreNowhereInWhatTheOperatorWrites) {
  cluster.node("a", 8).quota("blue", 4);
  const auto has_secrets = [](api::GpuJob& job) {
    job.spec.worker.env.push_back({"WANDB_API_KEY", kMark});
    job.spec.worker.command = {"train", "--token=" + kMark};
    job.spec.worker.args = {"--password", kMark};
    job.spec.retry.max_failures = 1;
  };
  cluster.job("train", 2, 1, has_secrets).job("waits", 8, 1, has_secrets);
  const Json env = {{{"name", "AWS_SECRET_ACCESS_KEY"}, {"value", kMark}}};
  const Json container = {
      {"name", "main"}, {"env", env}, {"resources", {{"limits", {{"nvidia.com/gpu", "1"}}}}}};
  const auto made = cluster.server.handle(
      kube::create(kube::kPods, {{"metadata", {{"name", "notebook"}, {"namespace", "blue"}}},
                                 {"spec",
                                  {{"schedulerName", "berth"},
                                   {"schedulingGates", {{{"name", translate::kGate}}}},
                                   {"containers", {container}}}}}));
  ASSERT_EQ(made.status, 201) << made.body;
  pass(seconds(10));
  ASSERT_TRUE(cluster.pod("train-1-0").dump().find(kMark) != std::string::npos) << "it is used";
  // It ends badly, and what it last said is not what the contract wants.
  cluster.finish("train-1-0", 1, "{\"step\": \"" + kMark + "\", \"" + kMark + "\": 1} " + kMark);
  pass(seconds(120));
  ASSERT_FALSE(log.text.empty());
  ASSERT_THAT(decided(), HasSubstr("notebook"));
  ASSERT_GT(cluster.server.count(kube::kEvents), 0U);
  // kubelet has stored the last message in the pod's own status; there it is the user's.
  for (const char* const pod : {"train-1-0", "train-1-1"}) {
    if (cluster.server.find(kube::kPods, "blue", pod) != nullptr) cluster.delete_pod(pod);
  }
  pass(seconds(5));
  EXPECT_THAT(shown_in(), IsEmpty());
  EXPECT_THAT(sent_in(), IsEmpty());
  EXPECT_THAT(log.text, Not(HasSubstr(kMark)));
  EXPECT_THAT(decided(), Not(HasSubstr(kMark)));
  EXPECT_THAT(metrics.text(), Not(HasSubstr(kMark)));
}

}  // namespace
}  // namespace berth::security
