#include "sched/core/growth.h"

#include <gtest/gtest.h>

#include "sched/core/testing/scene.h"

namespace berth::sched {
namespace {

using testing::Scene;

// Two nodes of 8, and a gang of 1 to 4 workers with 4 devices each that runs with `workers` on a.
void running(Scene& scene, size_t workers, Scene::Options o = {.hours_ago = 2, .saves = true}) {
  scene.node("a", 8).node("b", 8);
  std::vector<std::pair<std::string, int64_t>> places(workers, {"a", 4});
  scene.run("train", "q", places, o);
  scene.ask("train", "q", 4, 4, {.least = 1, .runs_with = workers});
}

TEST(ElasticStart, TakesAllItsWorkersWhereTheyFit) {
  Scene scene;
  scene.node("a", 8).quota("q", 8).ask("train", "q", 4, 2, {.least = 1});
  EXPECT_EQ(scene.told(), "train on a a a a\n");
}

TEST(ElasticStart, TakesFewerRatherThanWait) {
  Scene scene;
  scene.node("a", 8).quota("q", 16).run("other", "q", {{"a", 3}});
  scene.ask("train", "q", 4, 2, {.least = 1});
  EXPECT_EQ(scene.told(), "train on a a\n");
}

TEST(ElasticStart, TakesWhatItsQuotaLeaves) {
  Scene scene;
  scene.node("a", 8).quota("q", 5).ask("train", "q", 4, 2, {.least = 2});
  EXPECT_EQ(scene.told(), "train on a a\n");
}

TEST(ElasticStart, NeverWithFewerThanItsLeast) {
  Scene scene;
  scene.node("a", 8).quota("q", 16).run("other", "q", {{"a", 3}});
  scene.ask("train", "q", 4, 2, {.least = 3});
  EXPECT_EQ(scene.told(), "train NoCapacity\n");
}

TEST(Growth, OfARunningGangIntoWhatNobodyWaitsFor) {
  Scene scene;
  running(scene.quota("q", 16), 1);
  EXPECT_EQ(scene.told(), "train on a a b b grown from 1\n");
}

TEST(Growth, GivesNothingThatOthersWaitFor) {
  Scene scene;
  running(scene.quota("q", 32), 1);
  scene.ask("wide", "q", 3, 8, {.hours_ago = 1});
  scene.ask("waits", "q", 2, 8, {.hours_ago = 1});
  EXPECT_EQ(scene.told().find("grown"), std::string::npos);
}

TEST(Growth, StaysWithinTheQuota) {
  Scene scene;
  running(scene.quota("q", 8), 1);
  EXPECT_EQ(scene.told().find("grown"), std::string::npos) << "16 would be wanted, 8 are allowed";
}

TEST(Growth, StopsNobodyWhoCannotSave) {
  Scene scene;
  running(scene.quota("q", 16), 1, {.hours_ago = 2, .saves = false});
  EXPECT_EQ(scene.told(), "");
}

TEST(Growth, LeavesWhatHasJustStartedAlone) {
  Scene scene;
  running(scene.quota("q", 16), 1, {.hours_ago = 0, .saves = true});
  EXPECT_EQ(scene.told(), "");
}

TEST(Growth, LeavesTheWorldAsItWas) {
  Scene scene;
  running(scene.quota("q", 16), 1);
  const std::string first = scene.told();
  EXPECT_EQ(scene.told(), first);
}

}  // namespace
}  // namespace berth::sched
