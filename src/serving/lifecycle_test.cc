#include "serving/lifecycle.h"

#include <gtest/gtest.h>

namespace berth::serving {
namespace {

TEST(Lifecycle, IsNotReadyOnceItIsAskedToStop) {
  Lifecycle starting;
  EXPECT_FALSE(starting.drain()) << "nobody can have been answered";
  EXPECT_FALSE(starting.become_ready());
  EXPECT_EQ(starting.stage(), Stage::Draining);
}

TEST(Lifecycle, KnowsThatItWasReadyHoweverShortly) {
  Lifecycle ready;
  EXPECT_TRUE(ready.become_ready());
  EXPECT_TRUE(ready.drain());
  EXPECT_TRUE(ready.drain()) << "told twice, it still has requests in hand";
}

}  // namespace
}  // namespace berth::serving
