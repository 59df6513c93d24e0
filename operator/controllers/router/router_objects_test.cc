#include "operator/controllers/router/router_objects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/router_stop.h"

namespace berth::control {
namespace {

const RouterSettings kSettings{.image = "localhost/berth-router:1", .replicas = 2};

TEST(RouterObjects, APodHasTimeToFinishItsRequests) {
  const Json deployment = router_deployment("risk", kSettings);
  const int64_t grace =
      deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].get<int64_t>();
  EXPECT_GE(grace, http::kRouterDrainSeconds + http::kRouterFinishSeconds + 10);
}

TEST(RouterObjects, ADeploymentIsUpToDateThatWasMadeFromTheseSettings) {
  const auto deployed = decode_router(router_deployment("risk", kSettings));
  ASSERT_TRUE(deployed.ok());
  EXPECT_TRUE(is_up_to_date(*deployed, kSettings));
  RouterSettings other = kSettings;
  other.image = "localhost/berth-router:2";
  EXPECT_FALSE(is_up_to_date(*deployed, other));
}

}  // namespace
}  // namespace berth::control
