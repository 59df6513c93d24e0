#include "serving/batcher.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace berth::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MicroTime at(int64_t micros) { return MicroTime{Micros{micros}}; }

constexpr int64_t kOneArrives = 1;
constexpr BatchRules kRules{.rows_max = 4, .delay_max = Micros{100}, .waiting_max = 6};

class BatcherTest : public ::testing::Test {
 protected:
  bool add(uint64_t id, int64_t arrived, int64_t rows = 1, const std::string& kind = "",
           int64_t deadline = 1'000'000) {
    return batcher_.add({id, rows, kind, at(arrived), at(deadline)});
  }

  Batcher batcher_{kRules};
};

TEST_F(BatcherTest, HasNothingToDoWhileNobodyAsks) {
  const Turn turn = batcher_.next(at(5), kOneArrives);
  EXPECT_THAT(turn.batch, IsEmpty());
  EXPECT_FALSE(turn.again_at);
}

TEST_F(BatcherTest, SendsAFullBatchAtOnce) {
  for (uint64_t id = 1; id <= 5; ++id) add(id, 10);
  EXPECT_THAT(batcher_.next(at(10), kOneArrives).batch, ElementsAre(1, 2, 3, 4));
  const Turn rest = batcher_.next(at(10), kOneArrives);
  EXPECT_THAT(rest.batch, IsEmpty());
  EXPECT_EQ(rest.again_at, at(110));
}

TEST_F(BatcherTest, SendsWhatThereIsWhenTheOldestHasWaitedForLongEnough) {
  add(1, 10);
  add(2, 90);
  EXPECT_THAT(batcher_.next(at(109), kOneArrives).batch, IsEmpty());
  EXPECT_THAT(batcher_.next(at(110), kOneArrives).batch, ElementsAre(1, 2));
  EXPECT_EQ(batcher_.size(), 0U);
}

TEST_F(BatcherTest, WithoutADelayNobodyWaits) {
  Batcher batcher({.rows_max = 4, .delay_max = Micros{0}, .waiting_max = 6});
  batcher.add({1, 1, "", at(10), at(99)});
  EXPECT_THAT(batcher.next(at(10), kOneArrives).batch, ElementsAre(1));
}

TEST_F(BatcherTest, NobodyWaitsForOthersWhenNoneAreOnTheWay) {
  add(1, 10);
  EXPECT_THAT(batcher_.next(at(10), 1).batch, IsEmpty());
  add(2, 20);
  EXPECT_THAT(batcher_.next(at(20), 0).batch, ElementsAre(1, 2));
  EXPECT_FALSE(batcher_.next(at(20), 0).again_at);
}

TEST_F(BatcherTest, WhenNobodyIsOnTheWayEveryKindGoesAtOnce) {
  add(1, 10, 1, "8,");
  add(2, 10, 1, "16,");
  EXPECT_THAT(batcher_.next(at(10), 0).batch, ElementsAre(1));
  EXPECT_THAT(batcher_.next(at(10), 0).batch, ElementsAre(2));
}

TEST_F(BatcherTest, CountsRowsAndNotRequests) {
  add(1, 0, 3);
  add(2, 0, 2);
  EXPECT_THAT(batcher_.next(at(0), kOneArrives).batch, ElementsAre(1))
      << "5 rows fill it, 2 does not fit";
  EXPECT_THAT(batcher_.next(at(0), kOneArrives).batch, IsEmpty());
  add(3, 1, 2);
  EXPECT_THAT(batcher_.next(at(1), kOneArrives).batch, ElementsAre(2, 3));
}

TEST_F(BatcherTest, NoSmallRequestPassesALargeOne) {
  add(1, 0, 2);
  add(2, 0, 4);
  add(3, 0, 1);
  EXPECT_THAT(batcher_.next(at(0), kOneArrives).batch, ElementsAre(1));
  EXPECT_THAT(batcher_.next(at(0), kOneArrives).batch, ElementsAre(2));
}

TEST_F(BatcherTest, OnlyOneKindSharesABatchAndTheOldestDecidesWhich) {
  add(1, 0, 1, "8,");
  for (uint64_t id = 2; id <= 5; ++id) add(id, 50, 1, "16,");
  EXPECT_THAT(batcher_.next(at(60), kOneArrives).batch, IsEmpty());
  EXPECT_THAT(batcher_.next(at(100), kOneArrives).batch, ElementsAre(1));
  EXPECT_THAT(batcher_.next(at(100), kOneArrives).batch, ElementsAre(2, 3, 4, 5));
}

TEST_F(BatcherTest, RefusesMoreThanMayWait) {
  for (uint64_t id = 1; id <= 6; ++id) EXPECT_TRUE(add(id, 0));
  EXPECT_FALSE(add(7, 0));
  EXPECT_EQ(batcher_.size(), 6U);
  EXPECT_TRUE(batcher_.remove(3));
  EXPECT_TRUE(add(7, 0));
}

TEST_F(BatcherTest, DropsWhatHasExpiredBeforeItCostsAnything) {
  add(1, 0, 1, "", 50);
  add(2, 0, 1, "", 1000);
  EXPECT_EQ(batcher_.next(at(0), kOneArrives).again_at, at(50));
  const Turn turn = batcher_.next(at(100), kOneArrives);
  EXPECT_THAT(turn.expired, ElementsAre(1));
  EXPECT_THAT(turn.batch, ElementsAre(2));
}

TEST_F(BatcherTest, AnExpiredRequestDoesNotFillABatch) {
  for (uint64_t id = 1; id <= 3; ++id) add(id, 0, 1, "", 10);
  add(4, 5);
  const Turn turn = batcher_.next(at(10), kOneArrives);
  EXPECT_THAT(turn.expired, ElementsAre(1, 2, 3));
  EXPECT_THAT(turn.batch, IsEmpty());
  EXPECT_EQ(turn.again_at, at(105));
}

TEST_F(BatcherTest, ForgetsWhoseClientIsGone) {
  add(1, 0);
  add(2, 0);
  EXPECT_TRUE(batcher_.remove(1));
  EXPECT_FALSE(batcher_.remove(1));
  EXPECT_THAT(batcher_.next(at(100), kOneArrives).batch, ElementsAre(2));
  EXPECT_FALSE(batcher_.remove(2));
}

// Whatever comes: every id leaves once, batches keep to the rules, nothing is sent late.
class BatcherPropertyTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(BatcherPropertyTest, LosesAndDoublesNothing) {
  std::mt19937 random(GetParam());
  const auto below = [&random](uint64_t most) { return random() % most; };
  Batcher batcher(kRules);
  std::map<uint64_t, Waiting> inside;
  uint64_t next_id = 0;
  const auto leave = [&](uint64_t id) { ASSERT_EQ(inside.erase(id), 1U) << id; };
  for (int64_t now = 0; now < 3'000; now += static_cast<int64_t>(below(20))) {
    for (uint64_t n = below(4); n > 0; --n) {
      const Waiting request{++next_id, 1 + static_cast<int64_t>(below(4)), std::to_string(below(2)),
                            at(now), at(now + static_cast<int64_t>(below(300)))};
      ASSERT_EQ(batcher.add(request), inside.size() < kRules.waiting_max);
      if (batcher.size() > inside.size()) inside.emplace(request.id, request);
    }
    if (!inside.empty() && below(10) == 0) {
      ASSERT_TRUE(batcher.remove(inside.begin()->first));
      leave(inside.begin()->first);
    }
    const auto arriving = static_cast<int64_t>(below(3));
    const Turn turn = batcher.next(at(now), arriving);
    int64_t rows = 0;
    std::set<std::string> kinds;
    for (const uint64_t id : turn.expired) leave(id);
    for (const uint64_t id : turn.batch) {
      ASSERT_GT(inside.at(id).deadline, at(now));
      rows += inside.at(id).rows;
      kinds.insert(inside.at(id).kind);
      leave(id);
    }
    ASSERT_LE(rows, kRules.rows_max);
    ASSERT_LE(kinds.size(), 1U);
    ASSERT_EQ(batcher.size(), inside.size());
    if (!turn.batch.empty()) continue;
    ASSERT_TRUE(arriving > 0 || inside.empty());
    for (const auto& [id, request] : inside) {
      ASSERT_LT(at(now) - request.arrived, kRules.delay_max) << id << " waits too long";
      ASSERT_LE(turn.again_at, request.arrived + kRules.delay_max);
      ASSERT_GT(turn.again_at, at(now));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, BatcherPropertyTest, ::testing::Range(0U, 50U));

}  // namespace
}  // namespace berth::serving
