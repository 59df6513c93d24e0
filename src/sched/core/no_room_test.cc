#include "sched/core/no_room.h"

#include <gtest/gtest.h>

#include "sched/core/testing/scene.h"

namespace berth::sched {
namespace {

using testing::kGpu;

class NoRoomTest : public ::testing::Test {
 protected:
  NoRoomTest() {
    world_.set_node({.id = {"", "a"}, .device_class = kGpu, .devices = 8, .workers = 110});
    taken_ = world_.fleet().take(devices(8), *world_.fleet().find({"", "a"}));
  }
  ShapeId devices(int32_t count) { return world_.fleet().shape({.need = {count}}); }
  bool fits(const Gang& gang, bool is_shared = true) {
    Trial trial(world_);
    return no_room_.place(trial, gang, is_shared).has_value();
  }
  void frees_all() { world_.fleet().give(taken_); }

  World world_;
  NoRoom no_room_;
  Spot taken_;
};

TEST_F(NoRoomTest, RemembersAGangWithoutAPlaceUntilItIsForgotten) {
  const Gang gang{.workers = {devices(4)}};
  EXPECT_FALSE(fits(gang));
  frees_all();
  EXPECT_FALSE(fits(gang));
  no_room_.forget();
  EXPECT_TRUE(fits(gang));
}

TEST_F(NoRoomTest, AGangOfAnotherFormIsTried) {
  const std::vector<NodeIndex> here{0};
  EXPECT_FALSE(fits({.workers = {devices(4)}}));
  frees_all();
  EXPECT_TRUE(fits({.workers = {devices(2)}}));
  EXPECT_TRUE(fits({.workers = {devices(4)}, .near = Nearness{{kHostLevel}, true}}));
  EXPECT_TRUE(fits({.workers = {devices(4)}, .allowed = here}));
}

TEST_F(NoRoomTest, WorkThatIsBoundedByItselfIsNotRemembered) {
  const Gang gang{.workers = {devices(4)}};
  EXPECT_FALSE(fits(gang, false));
  frees_all();
  EXPECT_TRUE(fits(gang));
}

}  // namespace
}  // namespace berth::sched
