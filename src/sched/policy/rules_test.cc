#include "sched/policy/rules.h"

#include <gtest/gtest.h>

#include <deque>

#include "sched/policy/conflicts.h"
#include "sched/policy/policy_book.h"
#include "sched/policy/terms.h"

namespace berth::sched {
namespace {

constexpr const char* kH200 = "nvidia-h200";
constexpr const char* kH100 = "nvidia-h100";

Term label(const std::string& key, std::set<std::string> values,
           Comparison comparison = Comparison::In) {
  return LabelTerm{key, comparison, std::move(values)};
}

// Land().node("a", {{"zone", "eu"}}).policy("eu", 10, {label("zone", {"eu"})})
struct Land {
  std::deque<Node> nodes;
  Ground ground;
  std::vector<PlacementPolicy> policies;

  Land& node(const std::string& name, Labels labels, const std::string& device_class = kH200) {
    nodes.push_back({.id = {"", name},
                     .device_class = device_class,
                     .devices = 8,
                     .workers = 110,
                     .labels = std::move(labels)});
    ground.indexes.push_back(static_cast<NodeIndex>(ground.nodes.size()));
    ground.nodes.push_back(&nodes.back());
    return *this;
  }
  Land& policy(const std::string& name, int64_t priority, std::vector<Term> require,
               std::vector<Preference> prefer = {}) {
    policies.push_back({.name = name,
                        .priority = priority,
                        .match = {},
                        .require = std::move(require),
                        .prefer = std::move(prefer)});
    return *this;
  }
  Rules rules(const std::string& device_class = kH200) const {
    PolicyBook book;
    book.set(policies);
    book.set_ground(ground);
    static const Labels kNone;
    return book.rules_for({"team", "", kNone, device_class, 1});
  }
  std::string names(const std::vector<NodeIndex>& some) const {
    std::string text;
    for (const NodeIndex node : some) text += (text.empty() ? "" : " ") + nodes[node].id.name;
    return text;
  }
  std::string allowed(const std::string& device_class = kH200) const {
    return names(rules(device_class).allowed);
  }
  std::string ranks() const {
    std::string text;
    for (const auto& rank : rules().ranks) text += (text.empty() ? "" : " | ") + names(rank);
    return text;
  }
};

// ---- terms ----

TEST(PolicyTerm, ComparesLabelsAsKubernetesDoes) {
  const Node with{.id = {"", "a"}, .labels = {{"zone", "eu"}}};
  const Node without{.id = {"", "b"}};
  EXPECT_TRUE(can_meet(label("zone", {"eu", "us"}), with));
  EXPECT_FALSE(can_meet(label("zone", {"eu"}), without));
  EXPECT_FALSE(can_meet(label("zone", {"eu"}, Comparison::NotIn), with));
  EXPECT_TRUE(can_meet(label("zone", {"eu"}, Comparison::NotIn), without));
  EXPECT_TRUE(can_meet(label("zone", {}, Comparison::Exists), with));
  EXPECT_TRUE(can_meet(label("zone", {}, Comparison::DoesNotExist), without));
}

TEST(PolicyTerm, ANodeWithoutAKnownPriceIsNotKnownToBeCheap) {
  const auto priced = [](const char* price) { return Node{.labels = {{kPriceLabel, price}}}; };
  EXPECT_TRUE(can_meet(PriceTerm{2'000'000}, priced("2000000")));
  EXPECT_FALSE(can_meet(PriceTerm{2'000'000}, priced("2000001")));
  EXPECT_FALSE(can_meet(PriceTerm{2'000'000}, priced("cheap")));
  EXPECT_FALSE(can_meet(PriceTerm{2'000'000}, Node{}));
}

TEST(PolicyTerm, ContradictionsNeedNoNodesToBeSeen) {
  EXPECT_TRUE(contradict(label("zone", {"eu"}), label("zone", {"us"})));
  EXPECT_FALSE(contradict(label("zone", {"eu"}), label("zone", {"eu", "us"})));
  EXPECT_FALSE(contradict(label("zone", {"eu"}), label("rack", {"us"})));
  EXPECT_TRUE(contradict(label("zone", {"eu"}), label("zone", {"eu"}, Comparison::NotIn)));
  EXPECT_TRUE(contradict(label("zone", {}, Comparison::DoesNotExist), label("zone", {"eu"})));
  EXPECT_FALSE(contradict(label("zone", {}, Comparison::DoesNotExist),
                          label("zone", {"eu"}, Comparison::NotIn)));
  EXPECT_TRUE(contradict(ClassTerm{{kH200}}, ClassTerm{{kH100}}));
  EXPECT_TRUE(contradict(DomainTerm{"rack", true}, DomainTerm{"rack", false}));
  EXPECT_FALSE(contradict(DomainTerm{"rack", true}, DomainTerm{"zone", false}));
}

// ---- which work ----

TEST(PolicyMatch, AllThatIsGivenHasToMatchAndNothingMatchesEverything) {
  const Labels labels{{"data", "personal"}, {"x", "y"}};
  const WorkView work{"vision", "Spot", labels, kH200, 8};
  EXPECT_TRUE(matches({}, work));
  EXPECT_TRUE(matches({.namespaces = {"vision"}, .tiers = {"Spot"}, .min_devices = 8}, work));
  EXPECT_TRUE(matches({.labels = {{"data", "personal"}}, .classes = {kH200}}, work));
  EXPECT_FALSE(matches({.namespaces = {"speech"}}, work));
  EXPECT_FALSE(matches({.tiers = {"Premium"}}, work));
  EXPECT_FALSE(matches({.labels = {{"data", "public"}}}, work));
  EXPECT_FALSE(matches({.classes = {kH100}}, work));
  EXPECT_FALSE(matches({.min_devices = 9}, work));
}

TEST(PolicyMatch, TwoOverlapWhereSomeWorkCouldBeOfBoth) {
  EXPECT_EQ(overlap({.namespaces = {"a", "b"}}, {.namespaces = {"b"}, .labels = {{"k", "v"}}}),
            "work with namespace b, label k=v");
  EXPECT_EQ(overlap({}, {}), "any work");
  EXPECT_EQ(overlap({.namespaces = {"a"}}, {.namespaces = {"b"}}), std::nullopt);
  EXPECT_EQ(overlap({.labels = {{"k", "v"}}}, {.labels = {{"k", "w"}}}), std::nullopt);
}

// ---- acting together ----

TEST(PolicyRules, AllRequirementsHoldTogether) {
  Land land;
  land.node("a", {{"zone", "eu"}, {"net", "ib"}}).node("b", {{"zone", "eu"}}).node("c", {});
  land.policy("eu", 10, {label("zone", {"eu"})}).policy("ib", 5, {label("net", {"ib"})});
  EXPECT_EQ(land.allowed(), "a");
  EXPECT_EQ(land.rules().exist, 3);
}

TEST(PolicyRules, OfTwoThatNoNodeMeetsTogetherTheHigherWins) {
  Land land;
  land.node("a", {{"zone", "eu"}}).node("b", {{"net", "ib"}});
  land.policy("eu", 5, {label("zone", {"eu"})}).policy("ib", 10, {label("net", {"ib"})});
  EXPECT_EQ(land.allowed(), "b");
  EXPECT_EQ(land.rules().overruled, (std::vector<Overruled>{{1, 0}}));
  land.policies[0].priority = 10;
  EXPECT_EQ(land.allowed(), "a") << "of equals the smaller name";
}

TEST(PolicyRules, OneIsOverruledByThatWhichTakesItsLastNodeAway) {
  Land land;
  land.node("a", {{"x", "1"}, {"y", "1"}}).node("b", {{"y", "1"}, {"z", "1"}});
  land.node("c", {{"x", "1"}, {"z", "1"}});
  land.policy("x", 3, {label("x", {"1"})}).policy("y", 2, {label("y", {"1"})});
  land.policy("z", 1, {label("z", {"1"})});
  EXPECT_EQ(land.allowed(), "a") << "any two can be met, all three cannot";
  EXPECT_EQ(land.rules().overruled, (std::vector<Overruled>{{2, 1}}));
}

TEST(PolicyRules, OneThatNoNodeMeetsIsNotIgnored) {
  Land land;
  land.node("a", {{"zone", "eu"}}).policy("ib", 1, {label("net", {"ib"})});
  EXPECT_EQ(land.rules().unmet, 0U);
  EXPECT_EQ(land.allowed(), "");
}

TEST(PolicyRules, ALowerOneThatContradictsIsOverruledEvenWithoutNodesOfItsOwn) {
  Land land;
  land.node("a", {{"zone", "eu"}});
  land.policy("eu", 10, {label("zone", {"eu"})}).policy("us", 5, {label("zone", {"us"})});
  EXPECT_EQ(land.allowed(), "a");
  EXPECT_EQ(land.rules().overruled, (std::vector<Overruled>{{1, 0}}));
}

TEST(PolicyRules, ClassesThatExcludeEachOtherAreAConflictAndNotADeadEnd) {
  Land land;
  land.node("a", {}, kH200).node("b", {}, kH100);
  land.policy("new", 10, {ClassTerm{{kH200}}}).policy("old", 5, {ClassTerm{{kH100}}});
  EXPECT_EQ(land.allowed(kH200), "a");
  EXPECT_EQ(land.rules(kH100).unmet, 0U) << "the higher one says no to it";
}

TEST(PolicyRules, OnlyNodesOfTheClassCountForAClass) {
  Land land;
  land.node("a", {{"zone", "eu"}}, kH100).node("b", {}, kH200);
  land.policy("eu", 10, {label("zone", {"eu"})});
  EXPECT_EQ(land.rules(kH200).unmet, 0U);
  EXPECT_EQ(land.allowed(kH100), "a");
}

// ---- preferences ----

TEST(PolicyRules, PreferencesAreSummedByWeight) {
  Land land;
  land.node("a", {{"x", "1"}}).node("b", {{"y", "1"}}).node("c", {{"x", "1"}, {"y", "1"}});
  land.node("d", {});
  land.policy("p", 1, {}, {{label("x", {"1"}), 10}, {label("y", {"1"}), 20}});
  EXPECT_EQ(land.ranks(), "c | b | a | d");
}

TEST(PolicyRules, ALowerPolicysPreferencesOnlyDecideBetweenEquals) {
  Land land;
  land.node("a", {{"x", "1"}}).node("b", {{"y", "1"}}).node("c", {{"x", "1"}, {"y", "1"}});
  land.policy("high", 2, {}, {{label("x", {"1"}), 1}});
  land.policy("low", 1, {}, {{label("y", {"1"}), 100}});
  EXPECT_EQ(land.ranks(), "c | a | b");
}

TEST(PolicyRules, AnOverruledPolicyPrefersNothing) {
  Land land;
  land.node("a", {{"x", "1"}}).node("b", {{"x", "1"}, {"y", "1"}}).node("c", {});
  land.policy("high", 2, {label("x", {"1"})});
  land.policy("low", 1, {label("x", {}, Comparison::DoesNotExist)}, {{label("y", {"1"}), 1}});
  EXPECT_EQ(land.allowed(), "a b");
  EXPECT_EQ(land.ranks(), "");
}

TEST(PolicyRules, TheOrderInWhichPoliciesAreGivenIsIrrelevant) {
  Land land;
  land.node("a", {{"x", "1"}, {"y", "1"}}).node("b", {{"y", "1"}, {"z", "1"}}).node("c", {});
  land.policy("1", 1, {label("x", {"1"})}).policy("2", 1, {label("z", {"1"})});
  land.policy("3", 1, {}, {{label("y", {"1"}), 5}}).policy("4", 2, {label("y", {"1"})});
  std::vector<size_t> order{0, 1, 2, 3};
  const std::string want = land.allowed() + "/" + land.ranks();
  const auto policies = land.policies;
  do {
    land.policies.clear();
    for (const size_t i : order) land.policies.push_back(policies[i]);
    EXPECT_EQ(land.allowed() + "/" + land.ranks(), want);
  } while (std::next_permutation(order.begin(), order.end()));
}

// ---- conflicts between policies ----

TEST(PolicyConflict, IsFoundOnBothWithAnExampleBeforeThereIsWork) {
  Land land;
  land.node("a", {{"zone", "eu"}}).node("b", {{"net", "ib"}});
  land.policy("eu", 5, {label("zone", {"eu"})}).policy("ib", 10, {label("net", {"ib"})});
  land.policies[0].match.namespaces = {"vision"};
  const auto found = conflicts(land.policies, land.ground);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].winner, "ib");
  EXPECT_EQ(found[0].loser, "eu");
  EXPECT_EQ(found[0].example,
            "for work with namespace vision no node meets both: a meets only eu, b only ib");
}

TEST(PolicyConflict, NeedsWorkThatBothAreAbout) {
  Land land;
  land.node("a", {{"zone", "eu"}});
  land.policy("eu", 5, {label("zone", {"eu"})}).policy("us", 10, {label("zone", {"us"})});
  EXPECT_EQ(conflicts(land.policies, land.ground).size(), 1U);
  land.policies[0].match.tiers = {"Spot"};
  land.policies[1].match.tiers = {"Premium"};
  EXPECT_TRUE(conflicts(land.policies, land.ground).empty());
}

TEST(PolicyConflict, TwoShadowsAreNone) {
  Land land;
  land.node("a", {{"zone", "eu"}});
  land.policy("eu", 5, {label("zone", {"eu"})}).policy("us", 10, {label("zone", {"us"})});
  land.policies[0].is_shadow = land.policies[1].is_shadow = true;
  EXPECT_TRUE(conflicts(land.policies, land.ground).empty());
}

}  // namespace
}  // namespace berth::sched
