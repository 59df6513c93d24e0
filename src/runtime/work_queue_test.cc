#include "runtime/work_queue.h"

#include <gtest/gtest.h>

namespace berth::runtime {
namespace {

const ObjectKey kA{"ns", "a"};
const ObjectKey kB{"ns", "b"};
const Error kFailed{Code::Unavailable, "503"};

Monotonic at(int64_t ms) { return Monotonic{Millis{ms}}; }

TEST(WorkQueue, HandsAKeyOutOnceHoweverOftenItIsAdded) {
  WorkQueue queue;
  queue.add(kA, at(0));
  queue.add(kA, at(0));
  EXPECT_EQ(queue.take(at(0)), kA);
  EXPECT_EQ(queue.take(at(0)), std::nullopt);
}

TEST(WorkQueue, TheEarlierTimeWins) {
  WorkQueue queue;
  queue.add(kA, at(50));
  queue.add(kA, at(20));
  queue.add(kA, at(90));
  EXPECT_EQ(queue.next_ready(), at(20));
  EXPECT_EQ(queue.take(at(19)), std::nullopt);
  EXPECT_EQ(queue.take(at(20)), kA);
}

TEST(WorkQueue, GivesTheLongestReadyFirstAndTiesToTheSmallerKey) {
  WorkQueue queue;
  queue.add(kB, at(5));
  queue.add(kA, at(9));
  EXPECT_EQ(queue.take(at(10)), kB);
  queue.done(kB);
  queue.add(kB, at(9));
  EXPECT_EQ(queue.take(at(10)), kA);
}

TEST(WorkQueue, HoldsAKeyWhileItIsInFlight) {
  WorkQueue queue;
  queue.add(kA, at(0));
  queue.take(at(0));
  queue.add(kA, at(1));
  EXPECT_EQ(queue.take(at(9)), std::nullopt);
  EXPECT_EQ(queue.in_flight(), 1u);
  queue.done(kA);
  EXPECT_EQ(queue.take(at(9)), kA);
}

TEST(WorkQueue, ForgetsAKeyThatIsDone) {
  WorkQueue queue;
  queue.add(kA, at(0));
  queue.take(at(0));
  queue.done(kA);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_ready(), Monotonic::max());
}

TEST(WorkQueue, AFailedKeyWaitsLongerEachTimeUpToTheLimit) {
  WorkQueue queue({.first = Millis{100}, .most = Millis{1000}});
  Monotonic now = at(0);
  queue.add(kA, now);
  Millis last{0};
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(queue.take(now), kA);
    queue.failed(kA, kFailed, now);
    last = queue.next_ready() - now;
    now = queue.next_ready();
  }
  EXPECT_GE(last, Millis{500});
  EXPECT_LE(last, Millis{1000});
}

TEST(WorkQueue, SuccessForgetsTheFailures) {
  WorkQueue queue;
  queue.add(kA, at(0));
  queue.take(at(0));
  queue.failed(kA, kFailed, at(0));
  EXPECT_EQ(queue.failures(kA), 1);
  ASSERT_EQ(queue.take(at(1000)), kA);
  queue.done(kA);
  EXPECT_EQ(queue.failures(kA), 0);
}

TEST(WorkQueue, AKeyThatIsPutBackWaitsAndKeepsItsFailures) {
  WorkQueue queue;
  queue.add(kA, at(0));
  queue.take(at(0));
  queue.failed(kA, kFailed, at(0));
  ASSERT_EQ(queue.take(at(1000)), kA);
  queue.put_back(kA, at(1500));
  EXPECT_EQ(queue.in_flight(), 0u);
  EXPECT_EQ(queue.failures(kA), 1);
  EXPECT_EQ(queue.take(at(1499)), std::nullopt);
  EXPECT_EQ(queue.take(at(1500)), kA);
}

TEST(WorkQueue, AChangeDuringAFailedTryIsLookedAtAtOnce) {
  WorkQueue queue({.first = Millis{10'000}, .most = Millis{10'000}});
  queue.add(kA, at(0));
  queue.take(at(0));
  queue.add(kA, at(1));
  queue.failed(kA, kFailed, at(2));
  EXPECT_EQ(queue.take(at(2)), kA);
}

TEST(WorkQueue, NothingComesBeforeTheTimeThatTheServerAsksFor) {
  WorkQueue queue;
  queue.add(kA, at(0));
  queue.take(at(0));
  queue.add(kA, at(1));
  queue.failed(kA, {Code::Unavailable, "429", Millis{5000}}, at(0));
  queue.add(kA, at(2));
  EXPECT_EQ(queue.next_ready(), at(5000));
  EXPECT_EQ(queue.take(at(5000)), kA);
}

TEST(WorkQueue, TakesManyKeysInOrder) {
  WorkQueue queue;
  constexpr int kKeys = 20'000;
  for (int i = 0; i < kKeys; ++i) queue.add({"ns", std::to_string(i)}, at(i % 977));
  Monotonic last = at(0);
  for (int i = 0; i < kKeys; ++i) {
    EXPECT_GE(queue.next_ready(), last);
    last = queue.next_ready();
    queue.done(*queue.take(at(1000)));
  }
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace berth::runtime
