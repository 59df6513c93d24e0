#include "runtime/tombstones.h"

#include <gtest/gtest.h>

namespace berth::runtime {
namespace {

TEST(Tombstones, TheOldestIsForgotten) {
  Tombstones graves(2);
  for (const char* uid : {"a", "b", "c"}) graves.bury(uid, "7");
  EXPECT_FALSE(graves.contains("a"));
  EXPECT_EQ(graves.gone_by("b"), "7");
  EXPECT_EQ(graves.gone_by("c"), "7");
  EXPECT_EQ(graves.size(), 2u);
}

TEST(Tombstones, OneThatWasExhumedAndDiedAgainCountsOnce) {
  Tombstones graves(2);
  graves.bury("a", "7");
  graves.exhume("a");
  EXPECT_FALSE(graves.contains("a"));
  graves.bury("a", "8");
  graves.bury("b", "9");
  EXPECT_EQ(graves.gone_by("a"), "8");
  EXPECT_TRUE(graves.contains("b"));
}

TEST(Tombstones, WhoWasDeadTwoAgesAgoIsForgotten) {
  Tombstones graves;
  graves.bury("a", "7");
  graves.age();
  graves.bury("b", "8");
  graves.bury("c", "9");
  EXPECT_TRUE(graves.contains("a"));
  graves.exhume("a");
  graves.age();
  EXPECT_TRUE(graves.contains("b"));
  graves.age();
  EXPECT_EQ(graves.size(), 0u);
}

}  // namespace
}  // namespace berth::runtime
