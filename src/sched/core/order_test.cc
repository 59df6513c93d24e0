#include "sched/core/order.h"

#include <gtest/gtest.h>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

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
  sort_asks({}, turns);
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

}  // namespace
}  // namespace berth::sched::testing
