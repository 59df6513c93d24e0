#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Who may use what, over several Quotas, and what is there that nobody admitted.
namespace berth::integration {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class QuotaStory : public testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(cluster.broken(), IsEmpty()); }
  std::string ready(const std::string& quota) {
    const api::Quota seen = cluster.quota_named(quota);
    const api::Condition* condition = api::find_condition(seen.status.conditions, "Ready");
    if (condition == nullptr) return "absent";
    return (condition->is_true() ? "True " : "False ") + condition->reason;
  }
  api::QuotaUse use(const std::string& quota) {
    const auto& limits = cluster.quota_named(quota).status.limits;
    return limits.empty() ? api::QuotaUse{} : limits.front();
  }

  // `change` happens at the server while a charge is on its way to it.
  void before_the_next_charge(const std::function<void()>& change) {
    cluster.first().transport->inject(
        {.matches =
             [change, done = false](const kube::Request& request) mutable {
               const bool is_charge = request.method == kube::Method::Put &&
                                      request.path.find("/quotas/") != std::string::npos;
               if (is_charge && !std::exchange(done, true)) change();
               return false;
             },
         .fault = {}});
  }

  Cluster cluster;
};

TEST_F(QuotaStory, TenantsBorrowInProportionToTheirWeights) {
  cluster.node("a", 8).node("b", 8);
  const auto borrows = [](int64_t weight) {
    return [weight](api::Quota& quota) {
      quota.spec.weight = weight;
      quota.spec.limits.front().borrowing_limit = 16;
    };
  };
  cluster.quota("blue", 0, borrows(3)).quota("green", 0, borrows(1));
  for (int i = 0; i < 16; ++i) {
    cluster.in("green").job("g" + std::to_string(i), 1, 1);
    cluster.in("blue").job("b" + std::to_string(i), 1, 1);
  }
  cluster.pass(seconds(5));
  EXPECT_EQ(cluster.used("blue"), 12);
  EXPECT_EQ(cluster.used("green"), 4);
}

TEST_F(QuotaStory, AFifoTenantsWorkStartsInOrder) {
  cluster.node("a", 8).quota(
      "blue", 8, [](api::Quota& quota) { quota.spec.ordering = api::QuotaOrdering::Fifo; });
  cluster.behaves("first", {.runs = seconds(60), .exits = {}}).job("first", 1, 6).settle();
  cluster.job("large", 1, 4).settle().job("small", 1, 1).pass(seconds(5));
  EXPECT_EQ(cluster.said("large", "Admitted"), "False OverQuota");
  EXPECT_EQ(cluster.said("small", "Admitted"), "False Behind");
  cluster.change_quota("blue",
                       [](api::Quota& quota) { quota.spec.ordering = api::QuotaOrdering::Fair; });
  EXPECT_TRUE(cluster.until([&] { return cluster.said("small", "Admitted") == "True Admitted"; }));
  EXPECT_EQ(cluster.said("large", "Admitted"), "False OverQuota");
}

TEST_F(QuotaStory, ALimitBelowWhatIsUsedStopsNothingAndAdmitsNothing) {
  cluster.quotas_may_be_lowered = true;
  cluster.node("a", 8).quota("blue", 4).job("runs", 1, 4).settle();
  cluster.change_quota("blue", [](auto& quota) { quota.spec.limits.front().guaranteed = 1; });
  cluster.job("waits", 1, 1).pass(seconds(5));
  EXPECT_THAT(cluster.live_pods(), ElementsAre("runs-1-0"));
  EXPECT_EQ(cluster.said("waits", "Admitted"), "False OverQuota");
  EXPECT_EQ(cluster.used("blue"), 4);
  cluster.finish("runs-1-0", 0).settle();
  EXPECT_THAT(cluster.live_pods(), ElementsAre("waits-1-0"));
  EXPECT_EQ(cluster.used("blue"), 1);
}

// The pass has granted and the charge is on its way when the limit falls below both.
TEST_F(QuotaStory, ALimitLoweredUnderAGrantTakesTheGrantBack) {
  cluster.node("a", 8).quota("blue", 4).settle();
  before_the_next_charge([&] {
    cluster.change_quota("blue", [](auto& quota) { quota.spec.limits.front().guaranteed = 1; });
  });
  cluster.job("train", 1, 4).pass(seconds(30));
  EXPECT_THAT(cluster.pods(), IsEmpty());
  EXPECT_EQ(cluster.said("train", "Admitted"), "False OverQuota");
  EXPECT_EQ(cluster.used("blue"), 0);
}

TEST_F(QuotaStory, ANamespaceStaysWithTheOlderOfTwoQuotas) {
  cluster.node("a", 8).quota("older", 2, [](auto& quota) { quota.spec.namespaces = {"team"}; });
  cluster.pass(seconds(1));
  cluster.quota("younger", 8, [](auto& quota) { quota.spec.namespaces = {"team"}; });
  cluster.in("team").job("small", 1, 2).job("large", 1, 4).pass(seconds(3));
  EXPECT_EQ(ready("older"), "True Enforced");
  EXPECT_EQ(ready("younger"), "False Conflict");
  EXPECT_THAT(cluster.live_pods(), ElementsAre("small-1-0"));
  EXPECT_EQ(cluster.used("older"), 2);
  EXPECT_EQ(cluster.used("younger"), 0);
}

TEST_F(QuotaStory, ACycleOfParentsIsCutAtTheYounger) {
  const auto inner = [](const std::string& parent) {
    return [parent](api::Quota& quota) {
      quota.spec.namespaces.clear();
      quota.spec.parent = parent;
    };
  };
  cluster.node("a", 8).quota("x", 2, inner("y")).pass(seconds(1));
  EXPECT_EQ(ready("x"), "False ParentMissing");
  cluster.quota("y", 2, inner("x"));
  cluster.quota("team", 2, [](auto& quota) { quota.spec.parent = "x"; });
  cluster.job("train", 1, 2).pass(seconds(3));
  EXPECT_EQ(ready("y"), "False Conflict");
  EXPECT_EQ(ready("x"), "True Enforced");
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
}

TEST_F(QuotaStory, AParentThatHasNamespacesIsNoParent) {
  cluster.node("a", 8).quota("leaf", 2).pass(seconds(1));
  cluster.quota("child", 2, [](auto& quota) { quota.spec.parent = "leaf"; });
  cluster.in("child").job("train", 1, 2).in("leaf").job("own", 1, 2).pass(seconds(3));
  EXPECT_EQ(ready("child"), "False Conflict");
  EXPECT_EQ(cluster.used("leaf"), 2);
  EXPECT_EQ(cluster.used("child"), 2);
}

TEST_F(QuotaStory, ChargesGoUpTheTreeAndComeBack) {
  cluster.node("a", 8).quota("org", 0, [](auto& quota) { quota.spec.namespaces.clear(); });
  cluster.quota("team", 4, [](auto& quota) { quota.spec.parent = "org"; });
  cluster.in("team").job("train", 2, 2).settle();
  EXPECT_EQ(cluster.used("team"), 4);
  EXPECT_EQ(cluster.used("org"), 4);
  cluster.finish("train-1-0", 0).finish("train-1-1", 0).pass(seconds(3));
  EXPECT_EQ(cluster.used("team"), 0);
  EXPECT_EQ(cluster.used("org"), 0);
}

TEST_F(QuotaStory, BorrowsWhatASiblingLeavesFree) {
  const auto under = [](int64_t borrowing) {
    return [borrowing](api::Quota& quota) {
      quota.spec.parent = "org";
      quota.spec.limits.front().borrowing_limit = borrowing;
    };
  };
  cluster.node("a", 8).quota("org", 0, [](auto& quota) { quota.spec.namespaces.clear(); });
  cluster.quota("blue", 4, under(4)).quota("red", 4, under(0));
  cluster.in("blue").job("big", 1, 7).settle();
  EXPECT_EQ(cluster.said("big", "Admitted"), "True Admitted");
  EXPECT_EQ(use("blue").borrowed, 3);
  EXPECT_EQ(cluster.pass(seconds(4)).used("red"), 0);
  EXPECT_EQ(use("red").lent, 3);
  cluster.in("red").job("own", 1, 4).settle();
  EXPECT_EQ(cluster.said("own", "Admitted"), "True Admitted");
  EXPECT_EQ(cluster.in("blue").said("big", "Preempted"), "True Preempted");
}

TEST_F(QuotaStory, ADeletedQuotaHoldsItsNamespacesJobs) {
  cluster.node("a", 8).quota("blue", 4).job("runs", 1, 1).settle();
  cluster.remove(kube::kQuotas, "blue").job("waits", 1, 1).pass(seconds(3));
  EXPECT_EQ(cluster.said("waits", "Admitted"), "False NoQuota");
  EXPECT_THAT(cluster.live_pods(), ElementsAre("runs-1-0"));
}

TEST_F(QuotaStory, AQuotaDeletedUnderAGrantDoesNotStrandTheJob) {
  cluster.node("a", 8).quota("blue", 4).settle();
  before_the_next_charge([&] { cluster.remove(kube::kQuotas, "blue"); });
  cluster.job("train", 1, 4).pass(seconds(30));
  EXPECT_EQ(cluster.said("train", "Admitted"), "False NoQuota");
  cluster.quota("blue", 4).settle();
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
}

TEST_F(QuotaStory, ANamespaceThatChangesHandsUnderAGrantIsChargedToItsNewQuota) {
  cluster.node("a", 8).quota("blue", 4).quota("red", 2).settle();
  before_the_next_charge([&] {
    cluster.change_quota("blue", [](auto& quota) { quota.spec.namespaces = {"nobody"}; });
    cluster.change_quota("red", [](auto& quota) { quota.spec.namespaces = {"red", "blue"}; });
  });
  cluster.in("blue").job("train", 1, 4).pass(seconds(30));
  EXPECT_EQ(cluster.said("train", "Admitted"), "False OverQuota");
  EXPECT_EQ(cluster.used("red"), 0);
}

TEST_F(QuotaStory, AQuotaThatIsGoingAdmitsNothingAndBlocksNobody) {
  cluster.node("a", 4).quota("red", 4).quota(
      "blue", 4, [](auto& quota) { quota.meta.finalizers = {"example.com/keep"}; });
  cluster.settle().remove(kube::kQuotas, "blue");
  cluster.in("blue").job("stuck", 1, 4).settle();
  cluster.in("red").job("train", 1, 4).pass(seconds(5));
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
  EXPECT_EQ(cluster.in("blue").said("stuck", "Admitted"), "False NoQuota");
}

TEST_F(QuotaStory, ALeafWhoseParentIsGoneKeepsWhatItUses) {
  cluster.node("a", 8).quota("org", 0, [](auto& quota) { quota.spec.namespaces.clear(); });
  cluster.quota("team", 4, [](auto& quota) { quota.spec.parent = "org"; });
  cluster.job("runs", 1, 2).settle();
  cluster.remove(kube::kQuotas, "org").job("waits", 1, 1).pass(seconds(5));
  EXPECT_EQ(ready("team"), "False ParentMissing");
  EXPECT_EQ(cluster.used("team"), 2);
  EXPECT_THAT(cluster.live_pods(), ElementsAre("runs-1-0"));
  EXPECT_EQ(cluster.said("waits", "Admitted"), "False NoQuota");
}

TEST_F(QuotaStory, AJobThatGetsItsSecondChoiceIsChargedForThat) {
  cluster.node("a", 8).quota("blue", 4, [](auto& quota) {
    quota.spec.limits = {{.device_class = "nvidia-b300", .guaranteed = 4},
                         {.device_class = kH200, .guaranteed = 4}};
  });
  cluster.job("train", 1, 2, [](auto& job) {
    job.spec.worker.devices = {{.device_class = "nvidia-b300", .count = 1},
                               {.device_class = kH200, .count = 3}};
  });
  cluster.pass(seconds(3));
  EXPECT_EQ(cluster.said("train", "Ready"), "True AllWorkersReady");
  EXPECT_EQ(cluster.used("blue"), 3);
}

// ---- what nobody admitted ----

TEST_F(QuotaStory, AForeignPodTakesCapacityAndCountsAsUnadmitted) {
  cluster.node("a", 4).quota("blue", 4).foreign_pod("notebook", "a", 3);
  cluster.job("train", 1, 2).pass(seconds(3));
  EXPECT_EQ(use("blue").unadmitted, 3);
  EXPECT_EQ(use("blue").used, 0);
  EXPECT_EQ(cluster.said("train", "Admitted"), "False NoCapacity");
  cluster.delete_pod("notebook").pass(seconds(3));
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
  EXPECT_EQ(use("blue").unadmitted, 0);
}

TEST_F(QuotaStory, ATerminatingPodHoldsItsDevicesUntilItIsGone) {
  cluster.node("a", 4).ends_nothing("a").quota("blue", 8).foreign_pod("notebook", "a", 4);
  cluster.settle().delete_pod("notebook").job("train", 1, 1).pass(seconds(60));
  EXPECT_EQ(cluster.said("train", "Admitted"), "False NoCapacity");
  cluster.kubelet.remove("blue", "notebook");
  cluster.settle();
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
}

TEST_F(QuotaStory, ACordonedNodeTakesNothingNew) {
  cluster.node("a", 4).quota("blue", 4);
  cluster.server.handle(
      kube::patch_merge(kube::kNodes, "", "a", {{"spec", {{"unschedulable", true}}}}));
  cluster.job("train", 1, 1).pass(seconds(2));
  EXPECT_EQ(cluster.said("train", "Admitted"), "False NoSuchDevice");
  cluster.server.handle(
      kube::patch_merge(kube::kNodes, "", "a", {{"spec", {{"unschedulable", nullptr}}}}));
  cluster.settle();
  EXPECT_EQ(cluster.said("train", "Admitted"), "True Admitted");
}

}  // namespace
}  // namespace berth::integration
