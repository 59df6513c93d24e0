#include <gtest/gtest.h>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

// Without time sharing between equals, as in the tests of the published EASY.
CoreSettings plain() { return {.service_levels_device_ms = {}}; }

TEST(Backfill, WorkThatOutlastsAPlannedStartDoesNotTakeItsDevices) {
  Scene scene(plain());
  scene.node("a", 8).quota("q", 64).run("r", "q", {{"a", 6}}, {.hours = 3});
  scene.ask("head", "q", 1, 8).ask("long", "q", 1, 2, {.hours_ago = 1, .hours = 4});
  const auto decisions = scene.decide();
  const auto& head = std::get<Hold>(decisions.at(0));
  EXPECT_EQ(head.reason, Reason::NoCapacity);
  EXPECT_EQ(head.starts, scene.now + std::chrono::hours{3});
  EXPECT_EQ(std::get<Hold>(decisions.at(1)).reason, Reason::Reserved);
}

TEST(Backfill, WorkThatEndsBeforeThePlannedStartRunsMeanwhile) {
  Scene scene(plain());
  scene.node("a", 8).quota("q", 64).run("r", "q", {{"a", 6}}, {.hours = 3});
  scene.ask("head", "q", 1, 8).ask("short", "q", 1, 2, {.hours_ago = 1, .hours = 2});
  EXPECT_EQ(scene.told(), "head NoCapacity\nshort on a\n");
}

TEST(Backfill, WorkOfAShapeThatWasHeldRunsMeanwhileWhenItIsShorter) {
  Scene scene(plain());
  scene.node("a", 8).quota("q", 64).run("r", "q", {{"a", 6}}, {.hours = 3});
  scene.ask("head", "q", 1, 8).ask("long", "q", 1, 2, {.hours_ago = 1, .hours = 4});
  scene.ask("longer", "q", 1, 2, {.hours_ago = 1, .hours = 9});
  scene.ask("short", "q", 1, 2, {.hours_ago = 1, .hours = 2});
  EXPECT_EQ(scene.asks[1].shape, scene.asks[3].shape);
  EXPECT_EQ(scene.told(), "head NoCapacity\nlong Reserved\nlonger Reserved\nshort on a\n");
}

TEST(Backfill, WorkThatTouchesNothingOfThePlannedStartRunsForAsLongAsItLikes) {
  Scene scene(plain());
  scene.node("a", 8).node("b", 8).quota("q", 64);
  scene.run("r", "q", {{"a", 6}}, {.hours = 3}).run("s", "q", {{"b", 4}}, {.hours = 9});
  scene.ask("head", "q", 1, 8).ask("long", "q", 1, 2, {.hours_ago = 1, .hours = 50});
  EXPECT_EQ(scene.told(), "head NoCapacity\nlong on b\n");
}

TEST(Backfill, ThePlannedStartIsOnTheNodesThatTheGangWillUse) {
  Scene scene(plain());
  scene.node("a", 8).node("b", 8).quota("q", 64);
  scene.run("r", "q", {{"a", 4}}, {.hours = 2}).run("s", "q", {{"b", 4}}, {.hours = 9});
  scene.ask("head", "q", 1, 8).ask("l1", "q", 1, 4, {.hours_ago = 1, .hours = 50});
  scene.ask("l2", "q", 1, 4, {.hours_ago = 1, .hours = 50});
  EXPECT_EQ(scene.told(), "head Fragmented\nl1 on b\nl2 Reserved\n");
}

TEST(Backfill, WorkThatHasOutlivedItsEndIsExpectedToTakeAsLongAgain) {
  Scene scene(plain());
  scene.node("a", 8).quota("q", 64).run("r", "q", {{"a", 8}}, {.hours_ago = 6, .hours = -1});
  scene.ask("head", "q", 1, 8);
  EXPECT_EQ(std::get<Hold>(scene.decide().at(0)).starts, scene.now + std::chrono::hours{6});
}

TEST(Backfill, SeveralHeadsKeepTheirPlacesEach) {
  CoreSettings settings = plain();
  settings.heads = 2;
  Scene scene(settings);
  scene.node("a", 8).node("b", 8).quota("q", 64);
  scene.run("r", "q", {{"a", 6}}, {.hours = 2}).run("s", "q", {{"b", 6}}, {.hours = 4});
  scene.ask("h1", "q", 1, 8)
      .ask("h2", "q", 1, 8)
      .ask("l1", "q", 1, 2, {.hours_ago = 1, .hours = 3});
  const auto decisions = scene.decide();
  EXPECT_EQ(std::get<Hold>(decisions.at(0)).starts, scene.now + std::chrono::hours{2});
  EXPECT_EQ(std::get<Hold>(decisions.at(1)).starts, scene.now + std::chrono::hours{4});
  EXPECT_EQ(Scene::line(decisions.at(2)), "l1 on b") << "it ends before the second one starts";
}

TEST(Backfill, APlannedStartCountsOnWorkOfTheSamePass) {
  Scene scene(plain());
  scene.node("a", 8).quota("q", 64);
  scene.ask("first", "q", 1, 8, {.hours_ago = 9, .hours = 2}).ask("head", "q", 1, 8);
  const auto decisions = scene.decide();
  EXPECT_EQ(Scene::line(decisions.at(0)), "first on a");
  EXPECT_EQ(std::get<Hold>(decisions.at(1)).starts, scene.now + std::chrono::hours{2});
}

TEST(Backfill, APlannedStartDoesNotCountOnVictimsOfTheSamePass) {
  Scene scene(plain());
  scene.node("a", 8).quota("q", 64).run("spot", "q", {{"a", 8}}, {.tier = "Spot", .hours = 5});
  scene.ask("takes", "q", 1, 4, {.tier = "Premium", .hours = 2}).ask("head", "q", 1, 8);
  scene.ask("long", "q", 1, 4, {.hours_ago = 1, .hours = 9});
  const auto decisions = scene.decide();
  EXPECT_EQ(Scene::line(decisions.at(0)), "takes on a for spot");
  EXPECT_EQ(std::get<Hold>(decisions.at(1)).starts, scene.now + std::chrono::hours{2});
  EXPECT_EQ(Scene::line(decisions.at(2)), "long Reserved") << "the other four are kept";
}

TEST(Order, FairShareDecidesBetweenTenantsAsItWillBeAfterwards) {
  Scene scene;
  scene.node("a", 8).quota("blue", 0, 8).quota("green", 0, 8);
  scene.ask("b1", "blue", 1, 2).ask("b2", "blue", 1, 2).ask("b3", "blue", 1, 2);
  scene.ask("g1", "green", 1, 2, {.hours_ago = 1}).ask("g2", "green", 1, 2, {.hours_ago = 1});
  EXPECT_EQ(scene.told(), "b1 on a\ng1 on a\nb2 on a\ng2 on a\nb3 OverQuota\n");
}

TEST(Order, TheOldestGoesFirstThenWhoHasHadLeastService) {
  Scene scene;
  scene.node("a", 8).quota("q", 8);
  scene.ask("served", "q", 1, 8, {.hours_ago = 5}).ask("oldest", "q", 1, 8, {.hours_ago = 9});
  scene.ask("fresh", "q", 1, 8, {.hours_ago = 1});
  scene.asks[0].ran = std::chrono::hours{30};
  std::vector<const Ask*> order;
  for (const Ask& ask : scene.asks) order.push_back(&ask);
  sort_asks({}, Ordering::Fair, at_hour(2), order);
  EXPECT_EQ(order[0]->id.uid, "oldest");
  EXPECT_EQ(order[1]->id.uid, "fresh");
}

TEST(World, KeepsWhatRunsOnANodeThatShrinksOrGoes) {
  Scene scene;
  scene.node("a", 8).node("b", 8).quota("q", 16).run("r", "q", {{"a", 6}, {"b", 2}});
  scene.node("a", 4).ask("x", "q", 1, 6);
  EXPECT_EQ(scene.told(), "x on b\n") << "nothing is free on the smaller one";
  scene.world.remove_node({"", "b"});
  EXPECT_EQ(scene.told(), "x TooLarge\n");
  scene.node("b", 8).node("a", 8);
  EXPECT_EQ(scene.told(), "x on b\n");
  scene.world.remove_holder("r");
  EXPECT_EQ(scene.told(), "x on a\n") << "it never lost what was its own";
}

}  // namespace
}  // namespace berth::sched::testing
