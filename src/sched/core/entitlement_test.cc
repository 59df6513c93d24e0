#include "sched/core/entitlement.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

Hold held(Scene& scene, const std::string& name) {
  for (const Decision& decision : scene.decide()) {
    const auto* hold = std::get_if<Hold>(&decision);
    if (hold != nullptr && hold->id.uid == name) return *hold;
  }
  return {{"nobody"}, Reason::NoQuota, "not held"};
}

// ---- tiers ----

TEST(Entitlement, ATierThatDoesNotExistIsNamedWithThoseThatDo) {
  Scene scene;
  scene.node("a", 8).quota("blue", 8).ask("x", "blue", 1, 1, {.tier = "Gold"});
  EXPECT_EQ(scene.told(), "x NoTier\n");
  EXPECT_EQ(held(scene, "x").message,
            "tier Gold does not exist: it may ask for Premium, Spot, Standard");
}

TEST(Entitlement, ATierThatTheQuotaDoesNotListIsNamedWithThoseThatItLists) {
  Scene scene;
  scene.node("a", 8).quota("blue", 8).ask("x", "blue", 1, 1, {.tier = "Premium"});
  scene.quotas.back().tiers = {"Standard", "Spot"};
  scene.world.set_quotas(scene.quotas);
  EXPECT_EQ(held(scene, "x").message,
            "tier Premium is not for quota blue: it may ask for Standard, Spot");
}

TEST(Entitlement, TheNearestListOnThePathCounts) {
  Scene scene;
  scene.node("a", 8).quota("acme", 0).quota("blue", 4, 0, "acme").quota("red", 4, 0, "acme");
  scene.quotas[0].tiers = {"Spot"};
  scene.quotas[2].tiers = {"Standard"};
  scene.world.set_quotas(scene.quotas);
  scene.ask("x", "blue", 1, 1, {.tier = "Standard"}).ask("y", "red", 1, 1, {.tier = "Standard"});
  EXPECT_EQ(scene.told(), "x NoTier\ny on a\n");
}

TEST(Entitlement, WorkWithoutATierNeedsNone) {
  Scene scene;
  scene.node("a", 8).quota("blue", 8).ask("x", "blue", 1, 1, {.tier = ""});
  scene.quotas.back().tiers = {"Spot"};
  scene.world.set_quotas(scene.quotas);
  EXPECT_EQ(scene.told(), "x on a\n");
}

// ---- budgets ----

TEST(Entitlement, ASpentBudgetAnywhereOnThePathStartsNothing) {
  Scene scene;
  scene.node("a", 8).quota("acme", 0).quota("blue", 4, 0, "acme").quota("red", 4);
  scene.ask("x", "blue", 1, 1).ask("y", "red", 1, 1);
  scene.world.set_spent({{QuotaId{"acme"}, {"quota acme has spent it all", at_hour(120)}}});
  EXPECT_EQ(scene.told(), "x BudgetSpent\ny on a\n");
  EXPECT_EQ(held(scene, "x").message, "quota acme has spent it all");
  EXPECT_EQ(held(scene, "x").starts, at_hour(120));
  scene.world.set_spent({});
  EXPECT_EQ(scene.told(), "x on a\ny on a\n");
}

TEST(Entitlement, ASpentBudgetPreemptsNobody) {
  Scene scene;
  scene.node("a", 4).quota("blue", 4).quota("red", 0, 4).run("r", "red", {{"a", 4}});
  scene.ask("x", "blue", 1, 4);
  EXPECT_EQ(scene.told(), "x on a for r\n");
  scene.world.set_spent({{QuotaId{"blue"}, {"spent", at_hour(120)}}});
  EXPECT_EQ(scene.told(), "x BudgetSpent\n");
}

// ---- borrowing ----

TEST(Entitlement, WorkThatNeverGivesWayDoesNotBorrow) {
  Scene scene;
  scene.node("a", 8).quota("blue", 2, 6);
  scene.ask("x", "blue", 1, 3, {.tier = "Premium"}).ask("y", "blue", 1, 3, {.tier = "Standard"});
  EXPECT_EQ(scene.told(), "x OverQuota\ny on a\n");
  EXPECT_EQ(held(scene, "x").message,
            "wants 3 nvidia-h200, quota's own guarantee leaves 2: work of tier Premium never gives "
            "way, so it may not borrow");
}

TEST(Entitlement, ItsTenantsWorkThatBorrowsGivesWayToIt) {
  Scene scene;
  scene.node("a", 8).quota("blue", 4, 4);
  scene.run("r", "blue", {{"a", 4}}, {.tier = "Spot"})
      .run("s", "blue", {{"a", 2}}, {.tier = "Spot"});
  scene.ask("x", "blue", 1, 2, {.tier = "Premium"});
  EXPECT_EQ(scene.told(), "x on a for r\n") << "2 + 2 are within 4";
}

TEST(Entitlement, AReclaimDoesNotHelpWhoIsBeyondItsOwn) {
  Scene scene;
  scene.node("a", 8).quota("blue", 4, 4).quota("red", 0, 8);
  scene.run("own", "blue", {{"a", 3}}, {.tier = "Premium"}).run("r", "red", {{"a", 5}});
  scene.ask("x", "blue", 1, 2, {.tier = "Premium"});
  EXPECT_EQ(scene.told(), "x OverQuota\n");
}

// Jobs of three tenants come and go at random, decided by passes; what was decided is carried out
// before the next one.
class RandomTenants : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomTenants, WhatNeverGivesWayStaysWithinItsLeafsGuarantee) {
  std::mt19937 dice(GetParam());
  const auto below = [&](unsigned bound) { return static_cast<int64_t>(dice() % bound); };
  Scene scene;
  scene.node("a", 8).node("b", 8);
  scene.quota("blue", 4, 12).quota("red", 6, 10).quota("green", below(4), 16);
  const std::array<std::string, 3> tenants{"blue", "red", "green"};
  const std::array<std::string, 3> tiers{"Premium", "Standard", "Spot"};
  std::set<std::string> running;
  int made = 0;
  for (int step = 0; step < 60; ++step) {
    scene.now += std::chrono::minutes{10};
    if (below(3) != 0) {
      scene.ask("j" + std::to_string(made++), tenants[static_cast<size_t>(below(3))], 1,
                1 + below(4), {.tier = tiers[static_cast<size_t>(below(3))]});
    }
    if (!running.empty() && below(3) == 0) {
      scene.world.remove_holder(*running.begin());
      running.erase(running.begin());
    }
    for (const Decision& decision : scene.decide()) {
      const auto* preempt = std::get_if<Preempt>(&decision);
      const auto* admit = preempt != nullptr ? &preempt->placement : std::get_if<Admit>(&decision);
      if (admit == nullptr) continue;
      if (preempt != nullptr) {
        for (const Victim& victim : preempt->victims) {
          scene.world.remove_holder(victim.id.uid);
          running.erase(victim.id.uid);
        }
      }
      const auto ask = std::find_if(scene.asks.begin(), scene.asks.end(),
                                    [&](const Ask& a) { return a.id == admit->id; });
      scene.run(admit->id.uid, admit->quota.name, {{admit->nodes.front().name, admit->counts[0]}},
                {.tier = ask->tier, .hours_ago = 0});
      running.insert(admit->id.uid);
      scene.asks.erase(ask);
    }
    for (const Quota& quota : scene.quotas) {
      int64_t firm = 0;
      for (const auto& [source, held] : scene.world.holders()) {
        const Charge& charge = held.facts.charges.front();
        if (charge.quota == quota.id && held.facts.run->tier == "Premium") firm += charge.devices;
      }
      EXPECT_LE(firm, quota.limits.at(kGpu).guaranteed) << quota.id.name << " at step " << step;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomTenants, ::testing::Range(0U, 200U));

// ---- promises ----

// Eight devices, of which `running` are held by work of a tier that promises 70 percent, and a job
// of four of the same tier that had to give way.
void promise(Scene& scene, int64_t running) {
  scene.node("a", 8).quota("blue", 0, 8).quota("red", 0, 8);
  if (running > 0) scene.run("r", "red", {{"a", running}}, {.hours = 3});
  scene.ask("w", "red", 1, 4);
  scene.asks.back().promised = true;
}

TEST(Entitlement, APromiseThatOthersLeaveNoTimeForIsNotMade) {
  Scene scene;
  promise(scene, 6);  // 6 x 70% and 4 x 70% are promised: 7 of 8
  scene.ask("x", "blue", 1, 2, {.tier = "Premium", .hours_ago = 1});
  EXPECT_EQ(held(scene, "x").reason, Reason::OverQuota) << "it may not borrow at all";
  scene.asks.back().tier = "Standard";
  EXPECT_EQ(scene.told(), "x PromisedOut\nw OverQuota\n") << "1.4 more would be 8.4";
  const Hold hold = held(scene, "x");
  EXPECT_EQ(
      hold.message,
      "tier Standard would promise 70% of 2 nvidia-h200: of 8 the time of 7.00 is promised to "
      "others, until in about 3 hours");
  EXPECT_EQ(hold.starts, scene.now + std::chrono::hours{3});
}

TEST(Entitlement, ATierThatPromisesNothingTakesWhatIsFree) {
  Scene scene;
  promise(scene, 6);
  scene.ask("x", "blue", 1, 2, {.tier = "Spot", .hours_ago = 1});
  EXPECT_EQ(scene.told(), "w OverQuota\nx on a\n");
}

TEST(Entitlement, APromiseWithinTheLeafsOwnGuaranteeIsAlwaysMade) {
  Scene scene;
  promise(scene, 6);
  scene.quotas[0].limits[kGpu] = {.guaranteed = 2};
  scene.world.set_quotas(scene.quotas);
  scene.ask("x", "blue", 1, 2, {.tier = "Standard", .hours_ago = 1});
  EXPECT_NE(held(scene, "x").reason, Reason::PromisedOut);
}

TEST(Entitlement, APromiseThatStandsIsNotAskedForAgain) {
  Scene scene;
  promise(scene, 6);
  scene.ask("x", "blue", 1, 2, {.tier = "Standard", .hours_ago = 1});
  scene.asks.back().promised = true;
  EXPECT_EQ(scene.told(), "x on a\nw OverQuota\n");
}

}  // namespace
}  // namespace berth::sched::testing
