#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/naming.h"
#include "router/variant_choice.h"

namespace berth::router {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

RouteTable table(std::initializer_list<const char*> names) {
  RouteTable table{.name_space = "risk"};
  for (const char* const name : names) table.endpoints[name].name = name;
  return table;
}

std::string found(const RouteTable& in, const Names& names) {
  const auto endpoint = find_endpoint(in, names);
  return endpoint.ok() ? (*endpoint)->name : endpoint.error().message;
}

TEST(Naming, TakesThePathThenTheHeaderThenTheHost) {
  const RouteTable both = table({"fraud", "churn"});
  EXPECT_EQ(found(both, {.path = "/v2/models/churn/infer", .host = "fraud"}), "churn");
  EXPECT_EQ(found(both, {.path = "/v2", .header = "churn", .host = "fraud"}), "churn");
  for (const char* const host :
       {"fraud", "fraud:8080", "fraud.risk", "fraud.risk.svc:80", "fraud.risk.svc.cluster.local"}) {
    EXPECT_EQ(found(both, {.path = "/v2", .host = host}), "fraud") << host;
  }
  EXPECT_THAT(found(both, {.path = "/v2", .host = "fraud.other"}), HasSubstr("names no endpoint"));
}

TEST(Naming, FallsBackToTheOnlyEndpointButNotFromANameThatIsWrong) {
  const RouteTable one = table({"fraud"});
  EXPECT_EQ(found(one, {.path = "/v2", .host = "10.0.0.1:8080"}), "fraud");
  EXPECT_THAT(found(one, {.path = "/v2/models/churn/infer"}), HasSubstr("no endpoint 'churn'"));
}

TEST(Naming, ReadsTheModelOfAMessage) {
  const RouteTable both = table({"fraud", "churn"});
  const std::string message = "\0\0\0\0\x0b\x0a\x05"s + "churn" + "\x12\x02v1";
  EXPECT_EQ(found(both, {.host = "10.0.0.1", .message = message}), "churn");
  for (size_t size = 0; size < message.size(); ++size) {
    find_endpoint(both, {.message = std::string_view(message).substr(0, size)}).ok();
  }
  EXPECT_EQ(endpoint_of_message("\0\0\0\0\x03\x0a\xff\x01"s), "");
  EXPECT_EQ(endpoint_of_message("\1\0\0\0\x03\x0a\x01x"s), "") << "compressed";
}

HeaderOf header(std::string_view name, std::string_view value) {
  return
      [name, value](std::string_view asked) { return asked == name ? value : std::string_view(); };
}

constexpr Presence kBoth{true, true};

TEST(VariantChoice, IsByTheFirstRuleThatMatchesBeforeWeights) {
  Endpoint endpoint{.name = "fraud", .candidate_percent = 0};
  endpoint.routes = {{.name = "beta",
                      .header = api::HeaderMatch{"x-cohort", "beta"},
                      .variant = Variant::Candidate},
                     {.name = "ab", .split_key_header = "x-user", .candidate_percent = 100}};
  EXPECT_EQ(choose_variant(endpoint, kBoth, header("x-cohort", "beta"), 0), Variant::Candidate);
  EXPECT_EQ(choose_variant(endpoint, kBoth, header("x-cohort", "no"), 0), Variant::Stable);
  EXPECT_EQ(choose_variant(endpoint, kBoth, header("x-user", "7"), 0), Variant::Candidate);
  EXPECT_EQ(choose_variant(endpoint, {.stable = true}, header("x-user", "7"), 0), Variant::Stable)
      << "nobody is there";
}

TEST(VariantChoice, FollowsTheWeights) {
  const Endpoint endpoint{.name = "fraud", .candidate_percent = 30};
  int candidates = 0;
  for (uint64_t draw = 0; draw < 1'000; ++draw) {
    candidates += choose_variant(endpoint, kBoth, header("", ""), draw) == Variant::Candidate;
  }
  EXPECT_EQ(candidates, 300);
}

TEST(VariantChoice, GivesAKeyTheSameSlotForEver) {
  EXPECT_EQ(sticky_slot("fraud/ab", "alice"), sticky_slot("fraud/ab", "alice"));
  EXPECT_NE(sticky_slot("fraud/ab", "alice"), sticky_slot("fraud/other", "alice"));
  int below = 0;
  for (int i = 0; i < 10'000; ++i) below += sticky_slot("fraud/ab", std::to_string(i)) < 1'000;
  EXPECT_NEAR(below, 1'000, 100);
}

}  // namespace
}  // namespace berth::router
