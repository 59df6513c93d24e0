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

}  // namespace
}  // namespace berth::extender
