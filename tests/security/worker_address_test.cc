#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/request.h"
#include "tests/security/one_operator.h"

// Whom the operator asks over the network is chosen by what others write.
namespace berth::security {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;

class WorkerAddress : public OneOperator {
 protected:
  WorkerAddress() {
    cluster.node("a", 8).quota("blue", 4).job("train", 1);
    pass(seconds(2));
  }
  void claim(const std::string& ip) {
    fetcher.asked.clear();
    cluster.server.handle(
        kube::patch_status(kube::kPods, "blue", "train-1-0", {{"status", {{"podIP", ip}}}}));
    pass(seconds(90));
  }
};

TEST_F(WorkerAddress, OfARunningWorkerIsAskedForItsProgress) {
  claim("10.1.2.3");
  ASSERT_THAT(fetcher.asked, Contains("10.1.2.3"));
  EXPECT_THAT(fetcher.asked, Each("10.1.2.3"));
}

TEST_F(WorkerAddress, ThatIsNoneOfAPodIsNotAsked) {
  for (const char* const ip : {"169.254.169.254", "127.0.0.1", "::1", "metadata.internal", ""}) {
    claim(ip);
    EXPECT_THAT(fetcher.asked, IsEmpty()) << ip;
  }
}

// Somebody else's pod of the name that the worker should have.
TEST_F(WorkerAddress, OfAPodThatTheJobDoesNotOwnIsNotAsked) {
  cluster.server.handle(kube::patch_merge(kube::kPods, "blue", "train-1-0",
                                          {{"metadata", {{"ownerReferences", nullptr}}}}));
  claim("10.1.2.3");
  EXPECT_THAT(fetcher.asked, Not(Contains("10.1.2.3")));
}

}  // namespace
}  // namespace berth::security
