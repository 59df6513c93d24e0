#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/extender/testing/world.h"
#include "tests/integration/rights.h"

// The extender's own calls under its account: the chart's rights, and of those of every
// kube-scheduler, which the account has too, these and no others.
namespace berth::security {
namespace {

using extender::testing::worker_pod;
using integration::Rights;
using ::testing::ElementsAre;

// The Leases are kube-scheduler's; watches of lists are tried in tests/integration.
const std::set<std::string> kOfKubeScheduler = {
    "create leases.coordination.k8s.io", "get leases.coordination.k8s.io berth-scheduler",
    "update leases.coordination.k8s.io berth-scheduler"};

class ExtenderRights : public ::testing::Test {
 protected:
  ExtenderRights() {
    rights_.add("pods", "*", "*", "get,list,watch");
    rights_.add("pods/binding", "*", "*", "create");
    rights_.add("nodes", "*", "*", "list,watch");
    for (const std::string& right : kOfKubeScheduler) EXPECT_EQ(unused_.erase(right), 1U) << right;
    unused_.merge(rights_.all());
    for (const std::string& right : kOfKubeScheduler) unused_.erase(right);
  }

  void guard(extender::testing::World& world) {
    rights_.refuse_others(world.transport, [](const std::string& right) {
      ADD_FAILURE() << "kube-scheduler's account has no right to " << right;
    });
    rights_.note_use(world.transport, unused_);
  }

  // Bound with everything that can be unknown at first.
  void bind_the_unknown(extender::testing::World& world) {
    world.sync();
    world.transport.stall_streams(true);
    world.create_job("train", "n2");
    const Json pod = world.create_pod(worker_pod("blue", "train", "train-1-0"));
    EXPECT_EQ(world.bind(pod, "n2"), "");
    EXPECT_EQ(world.node_of(pod), "n2");
  }

  Rights rights_ = Rights::of("berth-scheduler");
  std::set<std::string> unused_ = rights_.all();
};

TEST_F(ExtenderRights, AreAllUsedAndNoneIsMissing) {
  extender::testing::World world;
  guard(world);
  bind_the_unknown(world);
  extender::testing::World of_lists;
  of_lists.api.serve_streaming_lists(false);
  guard(of_lists);
  bind_the_unknown(of_lists);
  EXPECT_THAT(unused_, ElementsAre()) << "take them out of the chart, or say who needs them";
}

}  // namespace
}  // namespace berth::security
