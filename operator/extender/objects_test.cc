#include "operator/extender/objects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace berth::extender {
namespace {

TEST(ExtenderObjects, ANodeThatIsCutHasSharesToGiveAndNoDevices) {
  const translate::Accelerators known{{"nvidia.com/gpu", "nvidia.com/mig-1g.18gb"}};
  const auto devices = [&](const char* whole, const char* shares) {
    const Json amounts = {{"nvidia.com/gpu", whole}, {"nvidia.com/mig-1g.18gb", shares}};
    const Json node = {{"metadata", {{"name", "a"}, {"uid", "a"}, {"resourceVersion", "1"}}},
                       {"status", {{"allocatable", amounts}}}};
    const auto cached = cached_node(node, known);
    EXPECT_TRUE(cached.ok());
    return cached->devices.value_or(NodeDevices{});
  };
  EXPECT_EQ(devices("0", "14").resource, 1U);
  EXPECT_EQ(devices("0", "14").allocatable, 14);
  EXPECT_EQ(devices("8", "0").resource, 0U);
  EXPECT_EQ(devices("8", "8").resource, 0U) << "as the operator sees it";
}

TEST(ExtenderObjects, AnAttemptIsOverOnceItsEndIsStoredOrItsJobIsBeingDeleted) {
  Json job = {{"metadata",
               {{"name", "train"}, {"namespace", "blue"}, {"uid", "u"}, {"resourceVersion", "1"}}},
              {"status",
               {{"placement", {{"attempt", 2}, {"workers", Json::array()}}},
                {"attempts", {{{"attempt", 1}}}}}}};
  const auto is_over = [&] {
    const auto cached = cached_workload(job);
    EXPECT_TRUE(cached.ok() && cached->plan);
    return cached->plan->is_over;
  };
  EXPECT_FALSE(is_over());
  job["status"]["attempts"].push_back({{"attempt", 2}});
  EXPECT_TRUE(is_over());
  job["status"].erase("attempts");
  EXPECT_FALSE(is_over());
  job["metadata"]["deletionTimestamp"] = "2026-11-16T12:00:00Z";
  EXPECT_TRUE(is_over());
}

}  // namespace
}  // namespace berth::extender
