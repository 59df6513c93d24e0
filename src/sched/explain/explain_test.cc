#include "sched/explain/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>

#include "sched/explain/testing/scenes.h"

namespace berth::sched {
namespace {

using testing::at_hour;
using testing::kGpu;
using testing::kOther;
using testing::SceneBuilder;

Explanation of(const Scene& scene, const std::string& name) {
  auto told = explain(scene, {name});
  EXPECT_TRUE(told.has_value());
  return told ? *std::move(told) : Explanation{};
}

// "Borrow 4 blue 0->4", one line per fix.
std::string told(const std::vector<Fix>& fixes) {
  std::string text;
  for (const Fix& fix : fixes) {
    const Change& change = fix.change;
    text += std::string(name_of(change.kind)) + " " + std::to_string(change.devices);
    for (const std::string& word : {change.quota.name, change.device_class, change.name}) {
      if (!word.empty()) text += " " + word;
    }
    if (change.from != change.to) {
      text += " " + std::to_string(change.from) + "->" + std::to_string(change.to);
    }
    text += "\n";
  }
  return text;
}

TEST(Explain, NamesTheLimitThatRefusesAndTheLeastThatWouldDo) {
  const Scene scene = SceneBuilder()
                          .node("a", 8)
                          .quota("blue", 4)
                          .run("r", "blue", {{"a", 2}})
                          .ask("x", "blue", 1, 4)
                          .scene;
  const Explanation why = of(scene, "x");
  EXPECT_EQ(std::get<Hold>(why.decision).reason, Reason::OverQuota);
  ASSERT_EQ(why.numbers.size(), 1u);
  EXPECT_EQ(why.numbers[0].refused, (QuotaRefusal{.at = {"blue"}, .wants = 4, .leaves = 2}));
  EXPECT_EQ(why.numbers[0].used, 2);
  EXPECT_EQ(why.numbers[0].free, 6);
  EXPECT_EQ(told(why.fixes),
            "Borrow 2 blue nvidia-h200 0->2\n"
            "Guarantee 2 blue nvidia-h200 4->6\n"
            "FewerDevices 2 4->2\n"
            "WithoutJob 2 team/r\n");
}

TEST(Explain, RaisesTheLimitOfTheQuotaAboveWhereThatOneRefuses) {
  const Scene scene = SceneBuilder()
                          .node("a", 8)
                          .node("b", 8)
                          .quota("org", 0)
                          .quota("red", 4, 0, "org", 0)
                          .quota("blue", 2, 8, "org")
                          .ask("x", "blue", 1, 6)
                          .scene;
  const Explanation why = of(scene, "x");
  EXPECT_EQ(why.numbers[0].refused, (QuotaRefusal{.at = {"org"}, .wants = 6, .leaves = 2}));
  EXPECT_EQ(told(why.fixes),
            "Borrow 4 org nvidia-h200 0->4\n"
            "Guarantee 4 blue nvidia-h200 2->6\n"
            "FewerDevices 4 6->2\n");
}

TEST(Explain, TellsWhoHoldsTheClassOldestFirstAndWhatOfItIsBorrowed) {
  const Scene scene = SceneBuilder()
                          .node("a", 8)
                          .quota("blue", 2, 8)
                          .quota("red", 6)
                          .run("old", "blue", {{"a", 2}}, {.hours_ago = 9})
                          .run("new", "blue", {{"a", 4}}, {.hours_ago = 1})
                          .ask("x", "red", 1, 4)
                          .scene;
  const Explanation why = of(scene, "x");
  EXPECT_EQ(std::get<Hold>(why.decision).reason, Reason::LentOut);
  ASSERT_EQ(why.holdings.size(), 2u);
  EXPECT_EQ(why.holdings[0].name, "team/old");
  EXPECT_EQ(why.holdings[0].borrowed, 0);
  EXPECT_EQ(why.holdings[1].name, "team/new");
  EXPECT_EQ(why.holdings[1].borrowed, 4);
  EXPECT_EQ(why.holdings[1].quota, QuotaId{"blue"});
}

TEST(Explain, OffersAClassThatTheQuotaListsWhenItHasRoom) {
  const Scene scene = SceneBuilder()
                          .node("a", 4)
                          .node("b", 4, kOther)
                          .quota("blue", 4)
                          .limit("blue", kOther, 4)
                          .run("r", "blue", {{"a", 4}})
                          .ask("x", "blue", 2, 2)
                          .scene;
  const Explanation why = of(scene, "x");
  EXPECT_EQ(told(why.fixes), "OtherClass 0 nvidia-l4\nWithoutJob 4 team/r\n");
  EXPECT_EQ(why.fixes[0].start.nodes, (std::vector<NodeId>{{"", "b"}, {"", "b"}}));
}

TEST(Explain, OffersToDropASelectorThatIsAllThatIsInTheWay) {
  SceneBuilder builder;
  builder.node("a", 4).node("b", 4).quota("blue", 8).run("r", "blue", {{"a", 4}});
  builder.ask("x", "blue", 1, 4);
  builder.scene.waiting[0].only = std::set<NodeId>{{"", "a"}};
  builder.scene.waiting[0].shape.clear();
  const Explanation why = of(builder.scene, "x");
  ASSERT_FALSE(why.fixes.empty());
  EXPECT_EQ(why.fixes[0].change.kind, ChangeKind::DropSelector);
  EXPECT_EQ(why.fixes[0].change.devices, 0);
}

TEST(Explain, OffersToDropADomainThatIsRequired) {
  SceneBuilder builder;
  builder.node("a", 4).node("b", 4).quota("blue", 8).ask("x", "blue", 2, 4);
  builder.scene.waiting[0].near = Nearness{.levels = {kHostLevel}, .required = true};
  builder.scene.waiting[0].shape = shape_of(builder.scene.waiting[0]);
  const Explanation why = of(builder.scene, "x");
  ASSERT_FALSE(why.fixes.empty());
  EXPECT_EQ(why.fixes[0].change.kind, ChangeKind::DropNearness);
}

TEST(Explain, OffersNothingThatWouldBenefitSomebodyElse) {
  // What ends goes to the one that waits in front.
  const Scene scene = SceneBuilder()
                          .node("a", 4)
                          .quota("blue", 4)
                          .run("r", "blue", {{"a", 4}})
                          .ask("first", "blue", 1, 4, {.priority = 1})
                          .ask("x", "blue", 1, 4)
                          .scene;
  EXPECT_EQ(told(of(scene, "x").fixes), "");
  EXPECT_EQ(told(of(scene, "first").fixes), "WithoutJob 4 team/r\n");
}

TEST(Explain, StartsWhenTheWorkInFrontIsExpectedToEnd) {
  const Scene scene = SceneBuilder()
                          .node("a", 4)
                          .quota("blue", 4)
                          .run("r", "blue", {{"a", 4}}, {.hours = 3})
                          .ask("x", "blue", 1, 4)
                          .scene;
  EXPECT_EQ(of(scene, "x").starts, scene.now + std::chrono::hours(3));
}

TEST(Explain, StartsAfterThoseInFrontOfItHaveHadTheirTurn) {
  SceneBuilder builder;
  builder.node("a", 4).quota("blue", 4).run("r", "blue", {{"a", 4}}, {.hours = 3});
  builder.ask("first", "blue", 1, 4, {.priority = 1}).ask("x", "blue", 1, 4);
  EXPECT_EQ(of(builder.scene, "x").starts, Instant::max()) << "the end of the first is not known";
  builder.scene.waiting[0].max_runtime = std::chrono::hours(2);
  EXPECT_EQ(of(builder.scene, "x").starts, builder.scene.now + std::chrono::hours(5));
}

TEST(Explain, EstimatesAStartByTheMedianOfItsFutures) {
  SceneBuilder builder;
  builder.node("a", 8).quota("q", 64).run("r", "q", {{"a", 8}}, {.hours = 9});
  builder.ask("x", "q", 1, 8);
  const Instant now = builder.scene.now;
  for (const int hours : {1, 4, 20}) {
    builder.scene.running.front().ends.push_back(now + std::chrono::hours(hours));
  }
  EXPECT_EQ(of(builder.scene, "x").starts, now + std::chrono::hours(4));
}

TEST(Explain, SaysThatItStartsNowWhenNothingIsInTheWayAnyMore) {
  const Scene scene = SceneBuilder().node("a", 4).quota("blue", 4).ask("x", "blue", 1, 4).scene;
  const Explanation why = of(scene, "x");
  EXPECT_TRUE(std::holds_alternative<Admit>(why.decision));
  EXPECT_EQ(why.starts, scene.now);
  EXPECT_TRUE(why.fixes.empty());
  EXPECT_FALSE(explain(scene, {"nobody"}).has_value());
}

class EveryFix : public ::testing::TestWithParam<uint32_t> {};

// The promise of the whole: what is suggested is enough, on facts made anew.
TEST_P(EveryFix, StartsTheJobInTheNextPass) {
  const Scene scene = testing::random_scene(GetParam());
  for (const Ask& ask : scene.waiting) {
    const auto why = explain(scene, ask.id);
    ASSERT_TRUE(why.has_value());
    int64_t price = 0;
    for (const Fix& fix : why->fixes) {
      EXPECT_GE(fix.change.devices, price);
      price = fix.change.devices;
      const auto decision = decide(with(scene, ask.id, fix.change), ask.id);
      ASSERT_TRUE(decision && std::holds_alternative<Admit>(*decision))
          << ask.name << " by " << name_of(fix.change.kind);
      EXPECT_EQ(std::get<Admit>(*decision), fix.start);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Explain, EveryFix, ::testing::Range(1u, 201u));

TEST(ExplainRandom, ScenesAreHeldAndFixedInEveryWay) {
  std::map<ChangeKind, int> seen;
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    const Scene scene = testing::random_scene(seed);
    for (const Ask& ask : scene.waiting) {
      for (const Fix& fix : fixes_for(scene, ask.id)) ++seen[fix.change.kind];
    }
  }
  for (const ChangeKind kind :
       {ChangeKind::DropSelector, ChangeKind::DropNearness, ChangeKind::OtherClass,
        ChangeKind::Borrow, ChangeKind::Guarantee, ChangeKind::FewerWorkers,
        ChangeKind::FewerDevices, ChangeKind::WithoutJob}) {
    EXPECT_GT(seen[kind], 5) << name_of(kind);
  }
}

}  // namespace
}  // namespace berth::sched
