#include "operator/scheduling/recent_use.h"

#include <gtest/gtest.h>

#include "operator/scheduling/testing/device_class.h"

namespace berth::control {
namespace {

using std::chrono::hours;

class RecentUseTest : public testing::Test {
 protected:
  RecentUseTest() {
    api::Quota quota;
    quota.meta.name = "blue";
    quota.meta.uid = "blue";
    quota.spec.namespaces = {"blue"};
    stores.quotas.upsert(quota);
  }
  void runs(int64_t devices) {
    api::GpuJob job;
    job.meta.name = "a";
    job.meta.name_space = "blue";
    job.meta.uid = "a";
    job.meta.resource_version = "1";
    job.status.placement =
        api::Placement{1, {{.cluster = "", .node = "a", .device_class = kH200, .count = devices}}};
    stores.jobs.upsert(job);
  }
  double lately() {
    const auto& all = recent.inputs().lately;
    const auto leaf = all.find({"blue"});
    return leaf == all.end() ? 0 : static_cast<double>(leaf->second.at(kH200)) / 1e6;
  }

  ManualClock clock{Instant{hours{1'000}}};
  Settings settings;
  Stores stores;
  Books books{stores, settings};
  RecentUse recent{books, settings, clock};
};

TEST_F(RecentUseTest, AHalfLifeCountsHalf) {
  EXPECT_TRUE(recent.tick());
  runs(8);
  recent.tick();
  clock.advance(hours(24));
  recent.tick();
  EXPECT_NEAR(lately(), 4.0, 0.001);
  stores.jobs.erase(stores.jobs.find_uid("a")->meta);
  recent.tick();
  clock.advance(hours(24));
  recent.tick();
  EXPECT_NEAR(lately(), 2.0, 0.001);
}

TEST_F(RecentUseTest, ANewLeaderTakesWhatIsHeldAsHeldForLong) {
  runs(8);
  recent.tick();
  EXPECT_NEAR(lately(), 8.0, 0.001);
}

TEST_F(RecentUseTest, LooksOnlyWhenSomethingChangedOrItIsTime) {
  EXPECT_TRUE(recent.tick());
  EXPECT_FALSE(recent.tick());
  runs(1);
  EXPECT_TRUE(recent.tick());
  clock.advance(RecentUse::kInterval);
  EXPECT_TRUE(recent.tick());
}

TEST_F(RecentUseTest, WithoutAHalfLifeNothingCounts) {
  settings.usage_half_life = Millis{0};
  runs(8);
  EXPECT_FALSE(recent.tick());
  EXPECT_EQ(lately(), 0);
}

}  // namespace
}  // namespace berth::control
