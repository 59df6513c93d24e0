#include "translate/node_match.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace berth::translate {
namespace {

// A pod spec with these required terms.
NodeDemands wanting(const char* terms) {
  return demands_of({{"affinity",
                      {{"nodeAffinity",
                        {{"requiredDuringSchedulingIgnoredDuringExecution",
                          {{"nodeSelectorTerms", Json::parse(terms)}}}}}}}});
}

NodeDemands with(const char* key, const char* op, std::vector<std::string> values) {
  NodeDemands demands;
  demands.terms = {{{key, op, std::move(values), false}}};
  return demands;
}

const std::map<std::string, std::string> kLabels = {{"zone", "eu"}, {"generation", "7"}};

TEST(NodeMatch, APodWithoutDemandsFitsAnywhere) {
  EXPECT_TRUE(matches(demands_of(Json::object()), "a", {}));
}

TEST(NodeMatch, EveryLabelOfTheSelectorMustBeThere) {
  EXPECT_TRUE(matches(demands_of({{"nodeSelector", {{"zone", "eu"}}}}), "a", kLabels));
  EXPECT_FALSE(matches(demands_of({{"nodeSelector", {{"zone", "us"}}}}), "a", kLabels));
  EXPECT_FALSE(
      matches(demands_of({{"nodeSelector", {{"zone", "eu"}, {"rack", "1"}}}}), "a", kLabels));
}

TEST(NodeMatch, OperatorsAreThoseOfKubernetes) {
  EXPECT_TRUE(matches(with("zone", "In", {"us", "eu"}), "a", kLabels));
  EXPECT_FALSE(matches(with("rack", "In", {"1"}), "a", kLabels));
  EXPECT_FALSE(matches(with("zone", "NotIn", {"eu"}), "a", kLabels));
  EXPECT_TRUE(matches(with("rack", "NotIn", {"1"}), "a", kLabels));  // absent counts as not in
  EXPECT_TRUE(matches(with("zone", "Exists", {}), "a", kLabels));
  EXPECT_TRUE(matches(with("rack", "DoesNotExist", {}), "a", kLabels));
  EXPECT_TRUE(matches(with("generation", "Gt", {"6"}), "a", kLabels));
  EXPECT_FALSE(matches(with("generation", "Gt", {"7"}), "a", kLabels));
  EXPECT_TRUE(matches(with("generation", "Lt", {"10"}), "a", kLabels));
  EXPECT_FALSE(matches(with("zone", "Lt", {"10"}), "a", kLabels));  // not a number
  EXPECT_FALSE(matches(with("zone", "Like", {"e*"}), "a", kLabels));
}

TEST(NodeMatch, AnyTermAndAllOfIt) {
  const auto demands = wanting(R"([
    {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["us"]}]},
    {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["eu"]},
                          {"key": "generation", "operator": "Gt", "values": ["6"]}]}])");
  EXPECT_TRUE(matches(demands, "a", kLabels));
  EXPECT_FALSE(matches(demands, "a", {{"zone", "eu"}, {"generation", "5"}}));
}

TEST(NodeMatch, MatchFieldsAreAboutTheName) {
  const auto demands = wanting(
      R"([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}])");
  EXPECT_TRUE(matches(demands, "a", {}));
  EXPECT_FALSE(matches(demands, "b", {{"metadata.name", "a"}}));
}

// ---- taints ----

std::vector<Toleration> tolerating(const char* list) {
  return demands_of({{"tolerations", Json::parse(list)}}).tolerations;
}

TEST(Tolerations, OnlyHardTaintsNeedOne) {
  EXPECT_TRUE(tolerates({}, {}));
  EXPECT_TRUE(tolerates({}, {{"k", "v", "PreferNoSchedule"}}));
  EXPECT_FALSE(tolerates({}, {{"k", "v", "NoSchedule"}}));
  EXPECT_FALSE(tolerates({}, {{"k", "v", "NoExecute"}}));
}

TEST(Tolerations, MatchByKeyValueAndEffect) {
  const std::vector<Taint> taint = {{"k", "v", "NoSchedule"}};
  EXPECT_TRUE(tolerates(tolerating(R"([{"key":"k","operator":"Exists"}])"), taint));
  EXPECT_TRUE(tolerates(tolerating(R"([{"key":"k","value":"v"}])"), taint));
  EXPECT_FALSE(tolerates(tolerating(R"([{"key":"k","value":"w"}])"), taint));
  EXPECT_FALSE(
      tolerates(tolerating(R"([{"key":"k","operator":"Exists","effect":"NoExecute"}])"), taint));
  EXPECT_TRUE(tolerates(tolerating(R"([{"operator":"Exists"}])"), taint));
  EXPECT_FALSE(tolerates(tolerating(R"([{"key":"k","value":"v"}])"),
                         {{"k", "v", "NoSchedule"}, {"other", "", "NoSchedule"}}));
}

}  // namespace
}  // namespace berth::translate
