#include "translate/tenancy.h"

#include <gtest/gtest.h>

#include <deque>

namespace berth::translate {
namespace {

// Quotas in the order of their creation: Quotas().leaf("x", {"team"}, "org").settled()
struct Quotas {
  std::deque<api::Quota> all;

  Quotas& leaf(const std::string& name, std::vector<std::string> namespaces,
               const std::string& parent = "") {
    api::Quota quota;
    quota.meta.name = name;
    quota.meta.creation = Instant{std::chrono::seconds(all.size())};
    quota.spec.namespaces = std::move(namespaces);
    quota.spec.parent = parent;
    quota.spec.limits = {{.device_class = "nvidia-h200", .guaranteed = 4}};
    all.push_back(quota);
    return *this;
  }
  Quotas& inner(const std::string& name, const std::string& parent = "") {
    return leaf(name, {}, parent);
  }
  Tenancy settled(const std::set<std::string>& exempt = {}) const {
    std::vector<const api::Quota*> pointers;
    for (auto at = all.rbegin(); at != all.rend(); ++at) pointers.push_back(&*at);  // any order
    return settle(std::move(pointers), exempt);
  }
};

std::string problem(const Tenancy& tenancy, const std::string& quota) {
  const auto at = tenancy.problems.find(quota);
  return at == tenancy.problems.end() ? "none" : at->second.reason;
}

std::string path(const Tenancy& tenancy, const std::string& leaf) {
  std::string text;
  for (const sched::QuotaId& id : tenancy.path({leaf})) text += (text.empty() ? "" : " ") + id.name;
  return text;
}

TEST(Tenancy, TakesWeightsAndLimitsOver) {
  Quotas quotas;
  quotas.leaf("blue", {"blue"});
  quotas.all.back().spec.weight = 3;
  const Tenancy tenancy = quotas.settled();
  EXPECT_EQ(tenancy.quotas.at(0).weight, 3);
  EXPECT_EQ(tenancy.quotas.at(0).limits.at("nvidia-h200").guaranteed, 4);
}

TEST(Tenancy, EveryNamespaceBelongsToItsQuota) {
  const Tenancy tenancy = Quotas().leaf("blue", {"a", "b"}).settled();
  EXPECT_EQ(tenancy.find("a")->name, "blue");
  EXPECT_EQ(tenancy.find("b")->name, "blue");
  EXPECT_EQ(tenancy.find("c"), nullptr);
  EXPECT_EQ(problem(tenancy, "blue"), "none");
}

TEST(Tenancy, TheOlderQuotaKeepsANamespace) {
  const Tenancy tenancy = Quotas().leaf("z", {"team"}).leaf("a", {"team", "own"}).settled();
  EXPECT_EQ(tenancy.find("team")->name, "z");
  EXPECT_EQ(tenancy.find("own")->name, "a");
  EXPECT_EQ(problem(tenancy, "a"), "Conflict");
  EXPECT_EQ(problem(tenancy, "z"), "none");
}

TEST(Tenancy, OfTwoAsOldTheSmallerNameWins) {
  Quotas quotas;
  quotas.leaf("b", {"team"}).leaf("a", {"team"});
  for (api::Quota& quota : quotas.all) quota.meta.creation = Instant{};
  EXPECT_EQ(quotas.settled().find("team")->name, "a");
}

TEST(Tenancy, AnExemptNamespaceBelongsToNobody) {
  const Tenancy tenancy = Quotas().leaf("blue", {"kube-system", "a"}).settled({"kube-system"});
  EXPECT_EQ(tenancy.find("kube-system"), nullptr);
  EXPECT_EQ(tenancy.find("a")->name, "blue");
  EXPECT_EQ(problem(tenancy, "blue"), "Exempt");
}

TEST(Tenancy, PathsLeadFromTheLeafToTheRoot) {
  const Tenancy tenancy =
      Quotas().inner("org").inner("lab", "org").leaf("blue", {"a"}, "lab").settled();
  EXPECT_EQ(path(tenancy, "blue"), "blue lab org");
  EXPECT_EQ(path(tenancy, "nobody"), "nobody");
}

TEST(Tenancy, AMissingParentIsNamed) {
  EXPECT_EQ(problem(Quotas().leaf("blue", {"a"}, "org").settled(), "blue"), "ParentMissing");
}

TEST(Tenancy, ACycleIsCutAtItsYoungest) {
  const Tenancy tenancy =
      Quotas().inner("x", "y").inner("y", "z").inner("z", "x").leaf("blue", {"a"}, "x").settled();
  EXPECT_EQ(problem(tenancy, "z"), "Conflict");
  EXPECT_EQ(problem(tenancy, "x"), "none");
  EXPECT_EQ(path(tenancy, "blue"), "blue x y z");
}

TEST(Tenancy, AQuotaWithNamespacesIsNobodysParent) {
  const Tenancy tenancy = Quotas().leaf("blue", {"a"}).leaf("below", {"b"}, "blue").settled();
  EXPECT_EQ(problem(tenancy, "below"), "Conflict");
  EXPECT_EQ(path(tenancy, "below"), "below");
}

TEST(Tenancy, LimitsGoToTheTree) {
  Quotas quotas;
  quotas.leaf("blue", {"a"});
  quotas.all.front().spec.limits = {
      {.device_class = "nvidia-h200", .guaranteed = 4, .borrowing_limit = 2, .lending_limit = 1},
      {.device_class = "nvidia-l4", .guaranteed = 8}};
  const sched::Quota made = quotas.settled().quotas.front();
  EXPECT_EQ(made.limits.at("nvidia-h200"), (sched::Limit{4, 2, 1}));
  EXPECT_EQ(made.limits.at("nvidia-l4"), (sched::Limit{8, 0, kUnlimited}));
}

}  // namespace
}  // namespace berth::translate
