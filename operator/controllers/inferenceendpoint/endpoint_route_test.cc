#include "operator/controllers/inferenceendpoint/endpoint_route.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace berth::control {
namespace {

constexpr const char* kGoldenRoute = "tests/golden/httproute.json";

const GatewaySettings kPublic{.name = "public",
                              .name_space = "infra",
                              .section = "https",
                              .hostname = "{name}.{namespace}.example.com"};
const GatewaySettings kPlain{.name = "public", .name_space = "infra"};

api::InferenceEndpoint digits() {
  api::InferenceEndpoint endpoint;
  endpoint.meta.name = "digits";
  endpoint.meta.name_space = "vision";
  endpoint.meta.uid = "uid-of-digits";
  return endpoint;
}

// As the API server stores it, with what the definition adds to each rule from its next version on.
Route stored(const GatewaySettings& gateway) {
  Json object = endpoint_route(digits(), gateway);
  for (Json& rule : object["spec"]["rules"]) rule["retry"] = {{"attempts", 0}};
  return *decode_route(object);
}

RouteAction action(const GatewaySettings& gateway, const Route* route,
                   RouteApi api = RouteApi::Listed) {
  return plan_route(digits(), {.gateway = gateway, .api = api, .route = route});
}

// The whole route, which tests/worker puts before real routers.
TEST(EndpointRoute, IsTheGoldenRoute) {
  std::ifstream file(kGoldenRoute);
  ASSERT_TRUE(file) << "run from the root of the tree";
  const Json golden = Json::parse(file, nullptr, false);
  const Json route = endpoint_route(digits(), kPublic);
  EXPECT_EQ(route, golden) << "if that is meant, " << kGoldenRoute << " becomes:\n"
                           << route.dump(2);
  EXPECT_TRUE(is_route_of(digits(), stored(kPublic).meta));
}

TEST(EndpointRoute, WithoutAHostThePathOrTheHeaderHasToNameTheEndpoint) {
  const Json spec = endpoint_route(digits(), kPlain)["spec"];
  EXPECT_FALSE(spec.contains("hostnames"));
  EXPECT_FALSE(spec["parentRefs"][0].contains("sectionName"));
  EXPECT_EQ(spec["rules"][0]["matches"], Json::parse(R"([
    {"path": {"type": "PathPrefix", "value": "/v2/models/digits"}},
    {"path": {"type": "PathPrefix", "value": "/v2"},
     "headers": [{"type": "Exact", "name": "berth-endpoint", "value": "digits"}]}])"));
  for (const Json& match : spec["rules"][1]["matches"]) {
    EXPECT_EQ(match["headers"][0]["value"], "digits") << match;
  }
}

TEST(EndpointRoute, IsWrittenOnlyWhereItIsAnother) {
  EXPECT_EQ(action(kPublic, nullptr), RouteAction::Create);
  for (const GatewaySettings& gateway : {kPublic, kPlain}) {
    const Route route = stored(gateway);
    EXPECT_EQ(action(gateway, &route), RouteAction::None);
  }
  const Route with_host = stored(kPublic);
  EXPECT_EQ(action(kPlain, &with_host), RouteAction::Correct);
  Json edited = endpoint_route(digits(), kPlain);
  edited["spec"]["rules"][0]["filters"].push_back({{"type", "CORS"}});
  const Route other = *decode_route(edited);
  EXPECT_EQ(action(kPlain, &other), RouteAction::Correct);
}

TEST(EndpointRoute, ACorrectionTakesAwayWhatIsNotSaid) {
  const Json patch = route_correction(digits(), stored(kPublic), kPlain);
  EXPECT_TRUE(patch["spec"].contains("hostnames"));
  EXPECT_TRUE(patch["spec"]["hostnames"].is_null());
}

TEST(EndpointRoute, NothingIsWrittenWithoutAGatewayOrItsApi) {
  const Route route = stored(kPlain);
  EXPECT_EQ(action({}, nullptr), RouteAction::None);
  EXPECT_EQ(action({}, &route), RouteAction::None);
  EXPECT_EQ(action(kPlain, nullptr, RouteApi::Unknown), RouteAction::None);
  EXPECT_EQ(action(kPlain, nullptr, RouteApi::Absent), RouteAction::None);
}

TEST(EndpointRoute, WithdrawnOnlyOursGo) {
  GatewaySettings withdrawn = kPlain;
  withdrawn.is_withdrawn = true;
  const Route ours = stored(kPlain);
  EXPECT_EQ(action(withdrawn, &ours), RouteAction::Remove);
  EXPECT_EQ(action(withdrawn, nullptr), RouteAction::None);
  Json foreign = endpoint_route(digits(), kPlain);
  foreign["metadata"].erase("ownerReferences");
  const Route theirs = *decode_route(foreign);
  EXPECT_EQ(action(withdrawn, &theirs), RouteAction::None);
  EXPECT_EQ(action(kPlain, &theirs), RouteAction::None);
}

TEST(EndpointRoute, OnlyTheAnswerOfItsGatewayCounts) {
  Json object = endpoint_route(digits(), kPlain);
  object["status"]["parents"] = Json::parse(R"([
    {"parentRef": {"name": "public", "namespace": "old"},
     "conditions": [{"type": "Accepted", "status": "False", "reason": "NoMatchingParent"}]},
    {"parentRef": {"name": "public", "namespace": "infra"}, "conditions": [
      {"type": "Accepted", "status": "True", "reason": "Accepted"},
      {"type": "PartiallyInvalid", "status": "False", "reason": "Fine"},
      {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs"}]}])");
  Route route = *decode_route(object);
  const auto said = [&] {
    return *exposure(digits(), {.gateway = kPlain, .api = RouteApi::Listed, .route = &route});
  };
  EXPECT_EQ(said().status, api::ConditionStatus::True) << said().message;
  route.answers[1].refusal = "ResolvedRefs is False, BackendNotFound";
  EXPECT_EQ(said().status, api::ConditionStatus::False);
  EXPECT_NE(said().message.find("BackendNotFound"), std::string::npos) << said().message;
  route.answers.pop_back();
  EXPECT_EQ(said().status, api::ConditionStatus::Unknown);
}

}  // namespace
}  // namespace berth::control
