#include "operator/controllers/capacitypool/capacitypool_plan.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace berth::control {
namespace {

constexpr const char* kRack = "example.com/rack";

struct PoolScene {
  // Shared by copies, whose nodes point into it.
  std::shared_ptr<std::deque<translate::Node>> all =
      std::make_shared<std::deque<translate::Node>>();
  std::vector<PoolNode> nodes;
  AskedShapes asked;
  api::CapacityPool pool;

  PoolScene() {
    pool.meta.name = "h200";
    pool.meta.generation = 3;
    pool.spec.resource = "nvidia.com/gpu";
    pool.spec.topology = {kRack, "kubernetes.io/hostname"};
  }
  PoolScene& node(const std::string& name, int64_t devices, int64_t taken = 0,
                  const std::string& rack = "") {
    translate::Node made;
    made.meta.name = name;
    if (!rack.empty()) made.meta.labels[kRack] = rack;
    made.resource = "nvidia.com/gpu";
    made.counts = {{"nvidia.com/gpu", devices, devices}};
    made.devices = made.installed = devices;
    made.room = {64'000, 1LL << 40};
    made.pods = 110;
    made.ready = true;
    all->push_back(std::move(made));
    nodes.push_back({all->back(), {.devices = taken}});
    return *this;
  }
  PoolScene& ask(int64_t devices, int64_t workers, sched::Room room = {}) {
    asked[{devices, room}] += workers;
    return *this;
  }
  PoolUse use() const { return use_of(pool.spec, nodes, asked); }
  api::Condition ready(const PoolUse& use, std::optional<translate::PoolProblem> problem = {}) {
    const PoolPlan plan = decide(pool, use, problem, Instant{});
    return *api::find_condition(plan.status.conditions, "Ready");
  }
};

TEST(CapacityPoolPlan, CountsWhatIsThereHealthyAndTaken) {
  PoolScene scene;
  scene.node("a", 8, 3).node("b", 8).node("c", 4);
  (*scene.all)[1].installed = 9;  // one is broken
  (*scene.all)[2].cordoned = true;
  const PoolUse use = scene.use();
  EXPECT_EQ(use.capacity, 21);
  EXPECT_EQ(use.healthy, 16);
  EXPECT_EQ(use.allocated, 3);
}

TEST(CapacityPoolPlan, TheLargestGangOfALevelIsWhatItsEmptiestDomainHasFree) {
  PoolScene scene;
  scene.node("a", 8, 2, "r1").node("b", 8, 0, "r1").node("c", 8, 0, "r2").node("d", 8, 1, "r2");
  scene.node("e", 16, 0);  // in no rack
  const std::vector<api::LevelGang> want{{kRack, 15}, {"kubernetes.io/hostname", 16}};
  EXPECT_EQ(scene.use().largest_gang, want);
}

TEST(CapacityPoolPlan, ANodeThatCannotBeUsedHasNothingFree) {
  PoolScene scene;
  scene.node("a", 8).node("b", 4);
  (*scene.all)[0].ready = false;
  EXPECT_EQ(scene.use().largest_gang[1].devices, 4);
}

TEST(CapacityPoolPlan, FragmentationIsWhatWorkAsItIsAskedForCannotUse) {
  struct {
    const char* says;
    PoolScene scene;
    std::optional<int64_t> want;
  } const cases[] = {
      {"nobody asks", PoolScene().node("a", 8), {}},
      {"nothing is free", PoolScene().node("a", 8, 8).ask(1, 1), {}},
      {"all of it can be used", PoolScene().node("a", 8).ask(8, 1), 0},
      {"none of it can be used", PoolScene().node("a", 8, 1).ask(8, 1), 100},
      {"half of it", PoolScene().node("a", 8, 4).node("b", 4).ask(4, 1).ask(8, 1), 50},
      {"of four nodes' twos a quarter of the workers can use none",
       PoolScene().node("a", 2).node("b", 2).ask(2, 3).ask(4, 1), 25},
      {"devices without CPU beside them", PoolScene().node("a", 8).ask(1, 1, {.cpu_milli = 65'000}),
       100},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(fragmentation_percent(c.scene.nodes, c.scene.asked), c.want) << c.says;
  }
}

TEST(CapacityPoolPlan, SaysWhyItsDevicesCannotBeUsed) {
  PoolScene none;
  EXPECT_EQ(none.ready(none.use()).reason, "NoNodes");
  PoolScene some;
  some.node("a", 8).node("b", 8);
  EXPECT_EQ(some.ready(some.use()).reason, "Available");
  EXPECT_EQ(some.ready(some.use()).message, "2 nodes with 16 devices");
  EXPECT_EQ(some.ready(some.use(), translate::PoolProblem{"Conflict", "x"}).reason, "Conflict");
  for (translate::Node& node : *some.all) node.counts.clear();
  EXPECT_EQ(some.ready(some.use()).reason, "NoDevices");
  EXPECT_FALSE(some.ready(some.use()).is_true());
}

TEST(CapacityPoolPlan, CountsSharesByTheirResourceAndNotAsDevices) {
  PoolScene scene;
  scene.pool.spec.device_class = "nvidia-h200";
  scene.pool.spec.shares = {{"nvidia.com/mig-1g.18gb", "18Gi", 14},
                            {"nvidia.com/mig-3g.71gb", "71Gi", 43}};
  scene.node("whole", 8, 3).node("cut", 56, 5).node("broken", 56, 1).ask(16, 1);
  for (const size_t at : {1U, 2U}) {
    translate::Node& cut = (*scene.all)[at];
    cut.resource = "nvidia.com/mig-1g.18gb";
    cut.whole_resource = "nvidia.com/gpu";
    cut.counts = {{cut.resource, 56, 56}};
  }
  (*scene.all)[2].ready = false;
  const PoolUse use = scene.use();
  EXPECT_EQ(use.capacity, 8);
  EXPECT_EQ(use.allocated, 3);
  EXPECT_EQ(use.largest_gang[1].devices, 5) << "shares are no devices";
  EXPECT_EQ(use.fragmentation_percent, 100) << "nor do they serve work that wants devices";
  const std::vector<api::PoolShareUse> want{
      {"nvidia.com/mig-1g.18gb", "nvidia-h200/mig-1g.18gb", 112, 56, 6}};
  EXPECT_EQ(use.shares, want);
  EXPECT_EQ(scene.ready(use).message, "3 nodes with 8 devices, 112 nvidia.com/mig-1g.18gb");
}

TEST(CapacityPoolPlan, SaysHowMuchOfANodeIsTooMuch) {
  PoolScene scene;
  scene.node("a", 70);
  (*scene.all)[0].devices = 64;
  const api::Condition ready = scene.ready(scene.use());
  EXPECT_TRUE(ready.is_true());
  EXPECT_EQ(ready.reason, "TooManyOnNode");
  EXPECT_EQ(ready.message, "1 node with 70 devices; 6 are not given out: more than 64 on one node");
}

TEST(CapacityPoolPlan, WritesNothingThatIsThereAlready) {
  PoolScene scene;
  scene.node("a", 8, 3).ask(2, 1);
  PoolPlan plan = decide(scene.pool, scene.use(), {}, Instant{});
  EXPECT_TRUE(plan.is_changed);
  EXPECT_EQ(plan.status.observed_generation, 3);
  scene.pool.status = plan.status;
  EXPECT_FALSE(decide(scene.pool, scene.use(), {}, Instant{std::chrono::hours{1}}).is_changed);
}

}  // namespace
}  // namespace berth::control
