#include <gtest/gtest.h>

#include <set>

#include "router/testing/rest.h"

namespace berth::router {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests

// Two replicas, each of which answers with its name: one of each variant.
class Variants : public RouterTest {
 protected:
  Variants() : stable_("stable"), candidate_("candidate") {}

  Endpoint fraud() const {
    Replica candidate = candidate_.replica();
    candidate.variant = Variant::Candidate;
    return endpoint("fraud", {stable_.replica(), candidate});
  }
  std::string who(const std::string& headers = {}) {
    const std::string body = ask("", headers).body;
    return body.substr(0, body.find(':'));
  }

  const FakeReplica stable_;
  const FakeReplica candidate_;
};

TEST_F(Variants, ShareRequestsByTheirWeights) {
  Endpoint weighted = fraud();
  weighted.candidate_percent = 30;
  route({weighted});
  int of_candidate = 0;
  for (int i = 0; i < 200; ++i) of_candidate += who() == "candidate" ? 1 : 0;
  EXPECT_GT(of_candidate, 40) << "60 are expected; draws are of the seed 0";
  EXPECT_LT(of_candidate, 80);
}

TEST_F(Variants, AWeightOfNothingOrAllLeavesNoChance) {
  Endpoint weighted = fraud();
  route({weighted});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(who(), "stable");
  weighted.candidate_percent = 100;
  route({weighted});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(who(), "candidate");
}

TEST_F(Variants, AHeaderDecidesBeforeTheWeights) {
  Endpoint ruled = fraud();
  ruled.routes = {{.name = "testers",
                   .header = api::HeaderMatch{.name = "X-Group", .value = "testers"},
                   .variant = Variant::Candidate}};
  route({ruled});
  EXPECT_EQ(who("x-group: testers\r\n"), "candidate");
  EXPECT_EQ(who("x-group: others\r\n"), "stable");
  EXPECT_EQ(who(), "stable");
}

TEST_F(Variants, AKeyIsAnsweredByTheSameVariantEveryTime) {
  Endpoint split = fraud();
  split.routes = {{.name = "half", .split_key_header = "X-User", .candidate_percent = 50}};
  route({split});
  std::set<std::string> seen;
  for (int user = 0; user < 20; ++user) {
    const std::string header = "X-User: " + std::to_string(user) + "\r\n";
    const std::string first = who(header);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(who(header), first) << header;
    seen.insert(first);
  }
  EXPECT_EQ(seen.size(), 2U) << "both have some of the keys";
}

TEST_F(Variants, AKeyKeepsItsVariantInAnotherRouter) {
  Endpoint split = fraud();
  split.routes = {{.name = "half", .split_key_header = "X-User", .candidate_percent = 50}};
  std::vector<std::string> answered;
  for (const uint64_t seed : {1, 2}) {
    router_.reset();
    start({.seed = seed});
    route({split});
    std::string all;
    for (int user = 0; user < 20; ++user) {
      all += who("X-User: " + std::to_string(user) + "\r\n") + " ";
    }
    answered.push_back(all);
  }
  EXPECT_EQ(answered[0], answered[1]);
}

TEST_F(Variants, AVariantWithoutAReplicaGetsNothingWhateverIsSaid) {
  Endpoint alone = endpoint("fraud", {stable_.replica()});
  alone.candidate_percent = 100;
  alone.routes = {{.name = "all",
                   .header = api::HeaderMatch{.name = "X-Group", .value = "testers"},
                   .variant = Variant::Candidate}};
  route({alone});
  EXPECT_EQ(who("X-Group: testers\r\n"), "stable");
}

}  // namespace
}  // namespace berth::router
