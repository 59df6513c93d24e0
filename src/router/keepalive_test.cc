#include "router/keepalive.h"

#include <gtest/gtest.h>

namespace berth::router {
namespace {

using Step = Keepalive::Step;

constexpr KeepaliveRules kRules{.quiet_before_ping = Millis{100}, .ping_timeout = Millis{30}};

constexpr Moment at(int64_t milliseconds) { return Moment{Millis{milliseconds}}; }

class KeepaliveTest : public ::testing::Test {
 protected:
  KeepaliveTest() { keepalive_.hear(at(0)); }

  Keepalive keepalive_{kRules};
};

TEST_F(KeepaliveTest, AsksWhoHasBeenQuiet) {
  EXPECT_EQ(keepalive_.step(at(99), true), Step::Wait);
  EXPECT_EQ(keepalive_.next(at(99)), at(100));
  EXPECT_EQ(keepalive_.step(at(100), true), Step::Ping);
  EXPECT_EQ(keepalive_.next(at(100)), at(130));
}

TEST_F(KeepaliveTest, GivesUpWhoIsQuietAfterAPing) {
  EXPECT_EQ(keepalive_.step(at(100), true), Step::Ping);
  EXPECT_EQ(keepalive_.step(at(129), true), Step::Wait);
  EXPECT_EQ(keepalive_.step(at(130), true), Step::GiveUp);
}

TEST_F(KeepaliveTest, TakesAnyBytesForASignOfLife) {
  EXPECT_EQ(keepalive_.step(at(100), true), Step::Ping);
  keepalive_.hear(at(120));
  EXPECT_EQ(keepalive_.step(at(130), true), Step::Wait);
  EXPECT_EQ(keepalive_.next(at(130)), at(220));
  EXPECT_EQ(keepalive_.step(at(220), true), Step::Ping);
}

TEST_F(KeepaliveTest, AsksNobodyWhileTheConnectionIsNotInUse) {
  EXPECT_EQ(keepalive_.step(at(100), false), Step::Wait);
  EXPECT_EQ(keepalive_.next(at(100)), at(200));
  EXPECT_EQ(keepalive_.step(at(200), true), Step::Ping);
}

TEST(Keepalive, AsksOnlySoManyTimesBetweenTwoSignsOfWork) {
  KeepaliveRules rules = kRules;
  rules.pings_in_a_row_max = 2;
  Keepalive keepalive(rules);
  keepalive.hear(at(0));
  for (const int64_t asked : {100, 200}) {
    EXPECT_EQ(keepalive.step(at(asked), true), Step::Ping);
    keepalive.hear(at(asked));
  }
  EXPECT_EQ(keepalive.step(at(300), true), Step::Wait);
  EXPECT_EQ(keepalive.next(at(300)), at(400));
  keepalive.count_traffic();
  EXPECT_EQ(keepalive.step(at(400), true), Step::Ping);
}

}  // namespace
}  // namespace berth::router
