#include "sched/core/steering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sched/core/testing/scene.h"
#include "sched/policy/terms.h"

namespace berth::sched {
namespace {

using testing::kGpu;

Term label(const std::string& key, std::set<std::string> values) {
  return LabelTerm{key, Comparison::In, std::move(values)};
}

// Steered().node("a", 8, {{"zone", "eu"}}).policy("eu", {label("zone", {"eu"})}).ask("x", 1, 4)
struct Steered {
  testing::Scene scene;
  std::vector<PlacementPolicy> policies;
  PassNotes notes;

  Steered() { scene.quota("team", 10'000); }
  Steered& node(const std::string& name, int64_t devices, Labels labels = {}) {
    scene.world.set_node({.id = {"", name},
                          .device_class = kGpu,
                          .devices = devices,
                          .room = {640'000, 1LL << 40},
                          .workers = 110,
                          .labels = std::move(labels)});
    return *this;
  }
  Steered& policy(PlacementPolicy made) {
    policies.push_back(std::move(made));
    scene.world.set_policies(policies);
    return *this;
  }
  Steered& policy(const std::string& name, std::vector<Term> require) {
    return policy({.name = name, .match = {}, .require = std::move(require), .prefer = {}});
  }
  Steered& run(const std::string& name, const std::string& node, int64_t devices,
               Labels labels = {}) {
    scene.run(name, "team", {{node, devices}}, {.tier = "Premium"});  // nobody here takes it back
    scene.world.set_traits(name, Traits{"team", std::move(labels)});
    return *this;
  }
  Steered& ask(const std::string& name, int workers, int64_t devices, Labels labels = {},
               const std::string& name_space = "team", testing::Scene::Options o = {}) {
    scene.ask(name, "team", workers, devices, std::move(o));
    scene.asks.back().labels = std::move(labels);
    scene.asks.back().name_space = name_space;
    return *this;
  }
  std::vector<Decision> decide() {
    std::vector<const Ask*> all;
    for (const Ask& ask : scene.asks) all.push_back(&ask);
    notes = {};
    return run_pass(scene.world, all, scene.now, &notes);
  }
  std::string told() {
    std::string text;
    for (const Decision& decision : decide()) text += testing::Scene::line(decision) + "\n";
    return text;
  }
  // Why the ask is held, or where it goes.
  std::string why(const std::string& name) {
    for (const Decision& decision : decide()) {
      const auto* hold = std::get_if<Hold>(&decision);
      if (hold != nullptr && hold->id.uid == name) {
        return std::string(name_of(hold->reason)) + ": " + hold->message;
      }
    }
    return "not held";
  }
};

// ---- require ----

TEST(Steering, PutsWorkOnlyWhereItsPoliciesLetIt) {
  Steered s;
  s.node("a", 8).node("b", 8, {{kRegionLabel, "eu"}});
  s.policy(
      {.name = "eu", .match = {.namespaces = {"eu"}}, .require = {label(kRegionLabel, {"eu"})}});
  s.ask("here", 1, 8, {}, "eu").ask("there", 1, 8, {}, "us").ask("waits", 1, 1, {}, "eu");
  EXPECT_EQ(s.told(), "here on b\nthere on a\nwaits NoCapacity\n");
}

TEST(Steering, WorkThatOnlyAPolicyHoldsSaysWhichWithNumbers) {
  Steered s;
  s.node("a", 8).node("b", 8, {{kRegionLabel, "eu"}}).policy("eu", {label(kRegionLabel, {"eu"})});
  s.run("r", "b", 8).ask("x", 1, 4);
  EXPECT_EQ(s.why("x"),
            "Policy: wants 4 nvidia-h200, PlacementPolicy eu (berth.dev/region in eu) leaves it 1 "
            "of 2 nodes of that class, where 0 of 8 free devices are; without that it would start");
}

TEST(Steering, APolicyThatNoNodeMeetsHoldsTheWorkByName) {
  Steered s;
  s.node("a", 8).policy("eu", {label(kRegionLabel, {"eu"})}).ask("x", 1, 4);
  EXPECT_EQ(s.why("x"),
            "Policy: wants 4 nvidia-h200, none of 1 node of that class meets PlacementPolicy eu: "
            "berth.dev/region in eu");
}

TEST(Steering, PricePoolAndInterruptionAreFactsOfTheNodes) {
  Steered s;
  s.node("cheap", 8,
         {{kPriceLabel, "1500000"}, {kInterruptibleLabel, "true"}, {kPoolLabel, "spot"}});
  s.node("dear", 8,
         {{kPriceLabel, "3500000"}, {kInterruptibleLabel, "false"}, {kPoolLabel, "own"}});
  s.policy({.name = "safe",
            .match = {.namespaces = {"prod"}},
            .require = {LabelTerm{kInterruptibleLabel, Comparison::NotIn, {"true"}}}});
  s.policy({.name = "cheap", .match = {.namespaces = {"lab"}}, .require = {PriceTerm{2'000'000}}});
  s.policy(
      {.name = "own", .match = {.namespaces = {"ops"}}, .require = {label(kPoolLabel, {"own"})}});
  s.ask("p", 1, 1, {}, "prod").ask("l", 1, 1, {}, "lab").ask("o", 1, 1, {}, "ops");
  EXPECT_EQ(s.told(), "p on dear\nl on cheap\no on dear\n");
}

TEST(Steering, TheHigherOfTwoThatCannotBeMetTogetherWinsAndTheOtherIsNoted) {
  Steered s;
  s.node("a", 8, {{"zone", "eu"}}).node("b", 8, {{"net", "ib"}});
  s.policy({.name = "eu", .priority = 1, .require = {label("zone", {"eu"})}});
  s.policy({.name = "ib", .priority = 2, .require = {label("net", {"ib"})}});
  EXPECT_EQ(s.ask("x", 1, 1).told(), "x on b\n");
  EXPECT_EQ(s.notes.overruled.at({"eu", "ib"}), "team/x");
}

TEST(Steering, AsksOfOneShapeUnderDifferentPoliciesAreNotAlike) {
  Steered s;
  s.node("a", 8).node("b", 8, {{"zone", "eu"}});
  s.policy(
      {.name = "eu", .match = {.labels = {{"data", "eu"}}}, .require = {label("zone", {"eu"})}});
  s.run("r", "b", 8);
  s.ask("x", 1, 4, {{"data", "eu"}}).ask("y", 1, 4);
  EXPECT_EQ(s.told(), "x Policy\ny on a\n");
}

TEST(Steering, ReachesPreemptionToo) {
  Steered s;
  s.node("a", 8, {{"zone", "eu"}}).node("b", 8);
  s.policy("eu", {label("zone", {"eu"})});
  s.scene.run("cheap", "team", {{"b", 8}}, {.tier = "Spot"});
  s.scene.run("dear", "team", {{"a", 8}}, {.tier = "Spot", .hours_ago = 50});
  EXPECT_EQ(s.ask("x", 1, 8, {}, "team", {.tier = "Premium"}).told(), "x on a for dear\n");
}

TEST(Steering, PlansTheStartOfHeldWorkOnlyWhereItMayBe) {
  Steered s;
  s.node("a", 8, {{"zone", "eu"}}).node("b", 8);
  s.policy(
      {.name = "eu", .match = {.labels = {{"data", "eu"}}}, .require = {label("zone", {"eu"})}});
  s.run("r", "a", 8).ask("head", 1, 8, {{"data", "eu"}}).ask("next", 1, 8);
  const auto decisions = s.decide();
  EXPECT_EQ(std::get<Hold>(decisions[0]).starts, s.scene.now + std::chrono::hours{1});
  EXPECT_EQ(testing::Scene::line(decisions[1]), "next on b") << "b is not kept for it";
}

// ---- prefer ----

TEST(Steering, FillsTheBestNodesFirstAndThenTheNext) {
  Steered s;
  s.node("a", 8).node("b", 4, {{"net", "ib"}}).node("c", 8, {{"net", "slow"}});
  s.policy({.name = "net",
            .match = {},
            .require = {},
            .prefer = {{label("net", {"ib"}), 10}, {label("net", {"slow"}), 1}}});
  EXPECT_EQ(s.ask("x", 4, 4).told(), "x on b c c a\n");
}

TEST(Steering, AGangThatHasToBeNearGoesToTheBestRankThatTakesAllOfIt) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}, {"net", "ib"}}).node("b", 8, {{"rack", "1"}});
  s.node("c", 8, {{"rack", "2"}}).node("d", 8, {{"rack", "2"}, {"net", "ib"}});
  s.node("e", 8, {{"rack", "2"}, {"net", "ib"}});
  s.policy({.name = "ib", .match = {}, .require = {}, .prefer = {{label("net", {"ib"}), 1}}});
  s.ask("x", 2, 8, {}, "team", {.near = Nearness{{"rack"}, true}});
  EXPECT_EQ(s.told(), "x on d e\n");
}

// ---- domains ----

TEST(Steering, KeepsAllWorkersInOneDomain) {
  Steered s;
  s.node("a", 8, {{"zone", "1"}}).node("b", 8, {{"zone", "2"}}).node("c", 8, {{"zone", "2"}});
  s.node("d", 8).policy("same", {DomainTerm{"zone", false}});
  s.ask("x", 2, 8).ask("y", 2, 8);
  EXPECT_EQ(s.told(), "x on b c\ny Policy\n");
}

TEST(Steering, SpreadsWorkersEvenlyOverDomains) {
  Steered s;
  s.node("a", 8, {{"zone", "1"}}).node("b", 8, {{"zone", "1"}}).node("c", 8, {{"zone", "2"}});
  s.policy("spread", {DomainTerm{"zone", true}});
  s.ask("x", 4, 2).ask("y", 4, 4);
  EXPECT_EQ(s.told(), "x on a a c c\ny Policy\n");
}

TEST(Steering, ANarrowDomainOfTheWorkAndAWideOneOfAPolicyHoldTogether) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}, {"zone", "1"}}).node("b", 8, {{"rack", "1"}, {"zone", "2"}});
  s.node("c", 8, {{"rack", "2"}, {"zone", "2"}}).node("d", 8, {{"rack", "2"}, {"zone", "2"}});
  s.policy("zone", {DomainTerm{"zone", false}});
  s.ask("x", 2, 8, {}, "team", {.near = Nearness{{"rack"}, true}});
  s.ask("y", 2, 8, {}, "team", {.near = Nearness{{"rack"}, true}});
  EXPECT_EQ(s.told(), "x on c d\ny Policy\n");
}

TEST(Steering, APreferredSpreadGivesWayToAPlace) {
  Steered s;
  s.node("a", 8, {{"zone", "1"}}).node("b", 2, {{"zone", "2"}});
  s.policy(
      {.name = "spread", .match = {}, .require = {}, .prefer = {{DomainTerm{"zone", true}, 1}}});
  EXPECT_EQ(s.ask("x", 2, 2).ask("y", 2, 2).told(), "x on b a\ny on a a\n");
}

TEST(Steering, VictimsAreSoughtInsideWhatADomainRequires) {
  Steered s;
  s.node("a", 8, {{"zone", "1"}}).node("b", 8, {{"zone", "1"}}).node("c", 8, {{"zone", "2"}});
  s.policy("spread", {DomainTerm{"zone", true}});
  for (const char* node : {"a", "b", "c"}) {
    s.scene.run(std::string("on-") + node, "team", {{node, 8}}, {.tier = "Spot"});
  }
  EXPECT_EQ(s.ask("x", 2, 8, {}, "team", {.tier = "Premium"}).told(), "x on a c for on-a on-c\n");
}

// ---- affinity ----

TEST(Steering, GoesWhereOtherWorkIs) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}}).node("b", 8, {{"rack", "2"}});
  s.policy("cache", {AffinityTerm{{{"app", "cache"}}, "rack", false}});
  s.run("cache", "b", 1, {{"app", "cache"}}).run("other", "a", 4, {{"app", "x"}});
  EXPECT_EQ(s.ask("x", 1, 4).told(), "x on b\n");
}

TEST(Steering, GoesWhereOtherWorkIsNot) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}}).node("b", 8, {{"rack", "2"}});
  s.policy({.name = "apart",
            .match = {.labels = {{"app", "x"}}},
            .require = {AffinityTerm{{{"app", "x"}}, "rack", true}}});
  s.ask("x", 1, 1, {{"app", "x"}}).ask("y", 1, 1, {{"app", "x"}}).ask("z", 1, 1, {{"app", "x"}});
  EXPECT_EQ(s.told(), "x on a\ny on b\nz Policy\n") << "work of the same pass counts";
}

TEST(Steering, TheFirstOfAKindNeedNotWaitForItself) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}}).node("b", 8, {{"rack", "2"}});
  s.policy("together", {AffinityTerm{{{"app", "x"}}, "rack", false}});
  s.ask("lonely", 1, 1).ask("first", 1, 1, {{"app", "x"}}).ask("second", 1, 4, {{"app", "x"}});
  EXPECT_EQ(s.told(), "lonely Policy\nfirst on a\nsecond on a\n");
}

TEST(Steering, WorkHeldForWantOfOtherWorkLooksAgainInThePassThatStartsIt) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}}).node("b", 8, {{"rack", "2"}});
  s.policy({.name = "near",
            .match = {.labels = {{"app", "reader"}}},
            .require = {AffinityTerm{{{"app", "cache"}}, "rack", false}}});
  s.ask("r1", 1, 1, {{"app", "reader"}}).ask("cache", 1, 1, {{"app", "cache"}});
  s.ask("r2", 1, 1, {{"app", "reader"}});
  EXPECT_EQ(s.told(), "r1 Policy\ncache on a\nr2 on a\n");
}

PlacementPolicy replicas_apart() {
  return {.name = "apart",
          .match = {.labels = {{"role", "replica"}}},
          .prefer = {{AffinityTerm{{}, kHostLevel, true, {"endpoint"}}, 1}}};
}

Labels replica_of(const std::string& endpoint) {
  return {{"role", "replica"}, {"endpoint", endpoint}};
}

TEST(Steering, WorkIsKeptFromItsLikeAndNotFromOthersOfTheKind) {
  Steered s;
  s.node("a", 8).node("b", 8).policy(replicas_apart());
  s.run("d1", "a", 1, replica_of("digits"));
  s.ask("d2", 1, 1, replica_of("digits")).ask("f1", 1, 1, replica_of("faces"));
  s.ask("f2", 1, 1, replica_of("faces")).ask("d3", 1, 1, replica_of("digits"));
  EXPECT_EQ(s.told(), "d2 on b\nf1 on a\nf2 on b\nd3 on a\n") << "apart while there is where";
}

TEST(Steering, WorkWithoutTheLabelIsLikeNoOther) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}}).node("b", 8, {{"rack", "2"}});
  s.policy("alone", {AffinityTerm{{}, "rack", true, {"tenant"}}});
  s.run("r", "b", 1, {{"tenant", "t"}});
  s.ask("x", 1, 1).ask("u", 1, 1, {{"tenant", "u"}}).ask("t", 1, 1, {{"tenant", "t"}});
  EXPECT_EQ(s.told(), "x on b\nu on b\nt on a\n") << "packed beside others";
}

TEST(Steering, WorkThatIsKeptFromItsLikeWaitsForThemAlone) {
  Steered s;
  s.node("a", 8, {{"rack", "1"}}).node("b", 8, {{"rack", "2"}});
  s.policy("alone", {AffinityTerm{{}, "rack", true, {"tenant"}}});
  for (const char* name : {"t1", "t2", "t3", "u1"}) {
    s.ask(name, 1, 1, {{"tenant", std::string(name, 1)}});
  }
  EXPECT_EQ(s.told(), "t1 on a\nt2 on b\nt3 Policy\nu1 on a\n");
}

// ---- shadow ----

TEST(Shadow, ChangesNothingAndReportsWhatItWouldForbid) {
  Steered s;
  s.node("a", 8).node("b", 8, {{"zone", "eu"}});
  s.policy({.name = "eu", .require = {label("zone", {"eu"})}, .is_shadow = true});
  EXPECT_EQ(s.ask("x", 1, 4).told(), "x on a\n");
  ASSERT_EQ(s.notes.divergences.size(), 1U);
  EXPECT_EQ(s.notes.divergences[0],
            (Divergence{"eu", "team/x", "is on a, which is not zone in eu"}));
}

TEST(Shadow, ReportsABetterNodeOnlyWhereThereIsRoom) {
  Steered s;
  s.node("a", 8).node("b", 4, {{"zone", "eu"}});
  s.policy({.name = "eu", .prefer = {{label("zone", {"eu"}), 1}}, .is_shadow = true});
  s.ask("x", 1, 8);
  EXPECT_EQ(s.told(), "x on a\n");
  EXPECT_TRUE(s.notes.divergences.empty());
  s.node("c", 8, {{"zone", "eu"}}).decide();
  ASSERT_EQ(s.notes.divergences.size(), 1U);
  EXPECT_EQ(s.notes.divergences[0].text, "is on a, would rather be on c");
}

TEST(Shadow, SaysWhatWouldWait) {
  Steered s;
  s.node("a", 8).policy({.name = "eu", .require = {label("zone", {"eu"})}, .is_shadow = true});
  s.ask("x", 1, 4).decide();
  ASSERT_EQ(s.notes.divergences.size(), 1U);
  EXPECT_EQ(s.notes.divergences[0].text,
            "would wait: no node of class nvidia-h200 meets zone in eu");
}

// ---- of any policies ----

class RandomPolicies : public ::testing::TestWithParam<unsigned> {
 protected:
  std::string value(const std::string& of) { return of.substr(random() % of.size(), 1); }
  Term term() {
    switch (random() % 7) {
      case 0: return LabelTerm{"x", Comparison::NotIn, {value("123")}};
      case 1: return PriceTerm{static_cast<int64_t>(random() % 4)};
      case 2: return DomainTerm{value("xy"), random() % 2 == 0};
      case 3: return AffinityTerm{{{"app", value("ab")}}, value("xy"), random() % 2 == 0};
      case 4: return AffinityTerm{{}, value("xy"), random() % 2 == 0, {"app"}};
      default: return label(value("xy"), {value("123"), value("123")});
    }
  }
  PlacementPolicy policy(int number) {
    PlacementPolicy made{.name = "p" + std::to_string(number)};
    made.priority = static_cast<int64_t>(random() % 3);
    if (random() % 2 == 0) made.match.labels = {{"app", value("abc")}};
    if (random() % 3 == 0) made.match.min_devices = 2;
    if (random() % 4 > 0) made.require.push_back(term());
    if (random() % 4 == 0) made.require.push_back(term());
    if (random() % 2 == 0) made.prefer.push_back({term(), static_cast<int64_t>(random() % 9 + 1)});
    return made;
  }
  void fill(Steered& s) {
    for (int n = 0; n < 8; ++n) {
      Labels labels;
      if (random() % 4 > 0) labels["x"] = value("123");
      if (random() % 4 > 0) labels["y"] = value("123");
      if (random() % 2 == 0) labels[kPriceLabel] = value("0123");
      s.node("n" + std::to_string(n), 4, labels);
    }
    for (int n = 0; n < 6; ++n) {
      const std::string name = "r" + std::to_string(n);
      s.scene.run(name, "team", {{"n" + std::to_string(random() % 8), 1 + random() % 2}},
                  {.tier = random() % 2 == 0 ? "Spot" : "Standard"});
      s.scene.world.set_traits(name, Traits{"team", {{"app", value("ab")}}});
    }
    for (int n = 0; n < 10; ++n) {
      const auto workers = static_cast<int>(1 + random() % 3);
      testing::Scene::Options o{.tier = random() % 3 == 0 ? "Premium" : "Standard"};
      if (random() % 4 == 0) o.near = Nearness{{value("xy")}, random() % 2 == 0};
      s.ask("w" + std::to_string(n), workers, static_cast<int64_t>(1 + random() % 3),
            {{"app", value("abc")}}, "team", o);
    }
  }
  // What `admit` breaks of the policies that act on the ask, in words.
  std::string broken(Steered& s, const Ask& ask, const Admit& admit,
                     const std::map<std::pair<std::string, std::string>, bool>& others) {
    const Rules& rules = s.scene.world.policies().rules_for(view_of(ask, ask.alternatives[0]));
    std::string text;
    if (rules.unmet) text += "unmet ";
    for (const size_t applied : rules.applied) {
      for (const Term& term : s.scene.world.policies().policies()[applied].require) {
        std::map<std::string, int64_t> domains;
        const auto* domain = std::get_if<DomainTerm>(&term);
        const auto* affinity = std::get_if<AffinityTerm>(&term);
        for (const NodeId& id : admit.nodes) {
          const Node& node = s.scene.world.nodes().at(id);
          if (!can_meet(term, node)) text += text_of(term) + " not by " + id.name + " ";
          if (domain != nullptr) ++domains[domain_of(node, domain->level)];
          if (affinity == nullptr) continue;
          const std::string& own = ask.labels.at("app");
          const bool is_of_like = affinity->labels.empty();
          const std::string& app = is_of_like ? own : affinity->labels.at("app");
          const auto at =
              others.find({app, affinity->level + "=" + domain_of(node, affinity->level)});
          const bool is_there = at != others.end();
          if (affinity->is_away && is_there) text += text_of(term) + " ";
          const bool is_first = own == app;
          if (!affinity->is_away && !is_there && !is_first) text += text_of(term) + " ";
        }
        if (domain == nullptr || admit.nodes.size() < 2) continue;
        if (!domain->is_spread && domains.size() > 1) text += text_of(term) + " ";
        for (const SpreadRule& rule : rules.spread) {
          if (rule.level != domain->level) continue;
          for (const auto& [value, count] : domains) {
            const auto workers = static_cast<int64_t>(admit.nodes.size());
            if ((count - 1) * rule.domains >= workers) text += text_of(term) + " ";
          }
        }
      }
    }
    return text;
  }
  std::mt19937 random{GetParam()};
};

TEST_P(RandomPolicies, NoAdmittedWorkerIsWhereAPolicyForbidsIt) {
  Steered s;
  fill(s);
  for (int p = 0; p < 5; ++p) s.policy(policy(p));
  // "app", "level=value" where work with it is; the key is only looked up.
  std::map<std::pair<std::string, std::string>, bool> others;
  const auto enter = [&](const std::string& app, const NodeId& id) {
    for (const char* level : {"x", "y"}) {
      const std::string& at = domain_of(s.scene.world.nodes().at(id), level);
      if (!at.empty()) others[{app, std::string(level) + "=" + at}] = true;
    }
  };
  for (const auto& [source, held] : s.scene.world.holders()) {
    for (const Charge& charge : held.facts.charges) {
      enter(s.scene.world.traits(source).labels.at("app"), charge.node);
    }
  }
  const std::string before = s.told();
  for (const Decision& decision : s.decide()) {
    const Admit* admit = std::get_if<Admit>(&decision);
    if (const auto* preempt = std::get_if<Preempt>(&decision)) admit = &preempt->placement;
    if (admit == nullptr) continue;
    const auto ask = std::find_if(s.scene.asks.begin(), s.scene.asks.end(),
                                  [&](const Ask& one) { return one.id == admit->id; });
    EXPECT_EQ(broken(s, *ask, *admit, others), "") << testing::Scene::line(*admit);
    for (const NodeId& id : admit->nodes) enter(ask->labels.at("app"), id);
  }
  EXPECT_EQ(s.told(), before) << "the same world, the same decisions";
}

TEST_P(RandomPolicies, ShadowPoliciesNeverChangeADecision) {
  Steered s;
  fill(s);
  for (int p = 0; p < 3; ++p) s.policy(policy(p));
  const auto without = s.decide();
  for (int p = 3; p < 7; ++p) {
    PlacementPolicy shadow = policy(p);
    shadow.is_shadow = true;
    s.policy(shadow);
  }
  EXPECT_EQ(s.decide(), without);
}

TEST_P(RandomPolicies, TheOrderOfThePoliciesIsIrrelevant) {
  Steered s;
  fill(s);
  for (int p = 0; p < 5; ++p) s.policy(policy(p));
  const auto first = s.decide();
  std::shuffle(s.policies.begin(), s.policies.end(), random);
  s.scene.world.set_policies(s.policies);
  EXPECT_EQ(s.decide(), first);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomPolicies, ::testing::Range(0U, 300U));

}  // namespace
}  // namespace berth::sched
