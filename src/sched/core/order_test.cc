#include "sched/core/order.h"

#include <gtest/gtest.h>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Ask ask(const std::string& name, int64_t priority, Millis slack) {
  Ask made{.id = {name}, .name = name, .priority = priority, .slack = slack};
  made.created = at_hour(1);
  made.alternatives = {{kGpu, {1}}};
  return made;
}

std::string order(const std::vector<Ask>& asks) {
  std::vector<const Ask*> turns;
  for (const Ask& one : asks) turns.push_back(&one);
  sort_asks({}, Ordering::Fair, at_hour(1), turns);
  std::string text;
  for (const Ask* one : turns) text += one->name;
  return text;
}

TEST(SortAsks, PutsWhatIsAboutToBreakItsPromiseFirstTheLeastSlackBeforeAll) {
  EXPECT_EQ(order({ask("a", 0, Millis::max()), ask("b", 0, minutes{14}), ask("c", 0, minutes{2})}),
            "cba");
}

TEST(SortAsks, DoesNotLookAtSlackWhileThereIsEnoughOfIt) {
  EXPECT_EQ(order({ask("a", 0, minutes{50}), ask("b", 0, minutes{40}), ask("c", 0, minutes{15})}),
            "abc");
}

TEST(SortAsks, DoesNotPutUrgentWorkBeforeAHigherPriority) {
  EXPECT_EQ(order({ask("a", 0, Millis{0}), ask("b", 1, Millis::max())}), "ba");
}

TEST(SortAsks, OfAFifoTenantIsByPriorityAndAgeAlone) {
  const std::vector<Ask> asks{ask("c", 0, Millis{0}), ask("b", 0, Millis::max()),
                              ask("a", 1, Millis::max())};
  std::vector<const Ask*> turns;
  for (const Ask& one : asks) turns.push_back(&one);
  sort_asks({}, Ordering::Fifo, at_hour(1), turns);
  EXPECT_EQ(turns[0]->name + turns[1]->name + turns[2]->name, "abc");
}

// One of blue's oldest, which always goes first, and two that have run: "long" at a higher level.
std::string order_after(Millis waited) {
  const Instant now = at_hour(1'000);
  Ask oldest = ask("oldest", 0, Millis::max());
  Ask longer = ask("long", 0, Millis::max());
  longer.ran = longer.expected = hours{50};
  longer.created = now - longer.ran - waited;
  Ask shorter = ask("short", 0, Millis::max());
  shorter.ran = shorter.expected = hours{1};
  shorter.created = now - shorter.ran;
  std::vector<const Ask*> turns{&shorter, &longer, &oldest};
  sort_asks({}, Ordering::Fair, now, turns);
  return turns[0]->name + " " + turns[1]->name + " " + turns[2]->name;
}

TEST(SortAsks, PutsWorkThatHasHadLittleServiceFirst) {
  EXPECT_EQ(order_after(hours{399}), "oldest short long");
}

TEST(SortAsks, PutsWorkThatHasWaitedFourTimesWhatItNeedsInAllAmongThoseOfLittleService) {
  EXPECT_EQ(order_after(hours{401}), "oldest long short");
}

// Work of blue that starts in order, on a node with two free devices.
struct InOrder : Scene {
  InOrder() {
    node("a", 8).quota("blue", 8).run("r", "blue", {{"a", 6}}, {.tier = "Premium"});
    quotas.back().ordering = Ordering::Fifo;
    world.set_quotas(quotas);
  }
};

TEST(Fifo, NothingPassesWhatWaitsForRoom) {
  InOrder scene;
  scene.ask("large", "blue", 1, 4).ask("small", "blue", 1, 1).ask("later", "blue", 1, 1);
  EXPECT_EQ(scene.told(), "large OverQuota\nsmall Behind\nlater Behind\n");
  EXPECT_EQ(std::get<Hold>(scene.decide()[1]).message,
            "Quota blue starts work in order, and team/large before it is held");
}

TEST(Fifo, WhatCannotStartAtAllIsPassed) {
  InOrder scene;
  scene.ask("impossible", "blue", 1, 4).ask("small", "blue", 1, 1);
  scene.asks.front().alternatives = {{"acme-x1", {4}}};
  scene.asks.front().shape = shape_of(scene.asks.front());
  EXPECT_EQ(scene.told(), "impossible NoSuchDevice\nsmall on a\n");
}

TEST(Fifo, APriorityGoesBeforeAge) {
  InOrder scene;
  scene.ask("large", "blue", 1, 4).ask("first", "blue", 1, 1, {.priority = 1});
  EXPECT_EQ(scene.told(), "first on a\nlarge OverQuota\n");
}

TEST(Fifo, OthersAreNotHeldByIt) {
  InOrder scene;
  scene.quota("green", 8).ask("large", "blue", 1, 4).ask("theirs", "green", 1, 1);
  EXPECT_EQ(scene.told(), "theirs on a\nlarge OverQuota\n");
}

}  // namespace
}  // namespace berth::sched::testing
