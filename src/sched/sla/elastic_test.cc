#include "sched/sla/elastic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;

const Instant kNow{500'000h};

ElasticJob job(const std::string& id, int64_t min, int64_t workers, int64_t max) {
  return {
      .id = {id}, .min = min, .max = max, .workers = workers, .remaining = 10h, .resize_cost = 30s};
}

TEST(Speedup, IsStraightBetweenPointsAndFlatBeyondThem) {
  const Speedup measured({{4, 3000}, {2, 2000}, {8, 2800}});
  EXPECT_EQ(measured.rate_milli(0), 0);
  EXPECT_EQ(measured.rate_milli(1), 1000);
  EXPECT_EQ(measured.rate_milli(3), 2500);
  EXPECT_EQ(measured.rate_milli(6), 2900) << "more workers may be slower";
  EXPECT_EQ(measured.rate_milli(100), 2800);
}

TEST(Speedup, TheGuessIsOneForOneAndHalfOfEachAtSixtySixWorkers) {
  const Speedup guess;
  EXPECT_EQ(guess.rate_milli(1), 1'000'000);
  EXPECT_EQ(guess.rate_milli(66), 33'000'000);
  for (int64_t w = 2; w < 500; ++w) {
    EXPECT_LE(guess.rate_milli(w + 1) - guess.rate_milli(w),
              guess.rate_milli(w) - guess.rate_milli(w - 1) + 1)
        << "each worker adds less than the one before it, but for rounding";
  }
}

TEST(Grow, DevicesGoWhereTheyGainMost) {
  const std::vector<ElasticJob> jobs{job("a", 1, 8, 16), job("b", 1, 2, 4)};
  const std::vector<WorkerChange> want{{{"a"}, 8, 10}, {{"b"}, 2, 4}};
  EXPECT_EQ(grow(jobs, 4, kNow), want) << "b first, up to its most, then a";
}

TEST(Grow, AWeightCountsAsMuchAsASpeedup) {
  std::vector<ElasticJob> jobs{job("a", 1, 4, 8), job("b", 1, 4, 8)};
  jobs[1].weight = 5000;
  EXPECT_EQ(grow(jobs, 4, kNow), (std::vector<WorkerChange>{{{"b"}, 4, 8}}));
}

TEST(Grow, StopsWhereMoreWorkersAreSlower) {
  std::vector<ElasticJob> jobs{job("bert", 1, 2, 64)};  // ElasticFlow, A100, batch 64
  jobs[0].speedup = Speedup({{1, 6031}, {2, 8643}, {4, 10356}, {8, 11060}, {16, 10987}});
  EXPECT_EQ(grow(jobs, 100, kNow), (std::vector<WorkerChange>{{{"bert"}, 2, 8}}));
}

TEST(Grow, SeesPastAPlateau) {
  std::vector<ElasticJob> jobs{job("a", 1, 4, 8)};
  jobs[0].speedup = Speedup({{4, 4000}, {7, 4000}, {8, 8000}});
  EXPECT_EQ(grow(jobs, 4, kNow), (std::vector<WorkerChange>{{{"a"}, 4, 8}}));
  EXPECT_TRUE(grow(jobs, 3, kNow).empty());
}

TEST(Grow, AResizeHasToSaveMoreTimeThanItCosts) {
  std::vector<ElasticJob> jobs{job("a", 1, 4, 8), job("b", 1, 6, 8)};
  jobs[0].remaining = 40s;  // doubling it would save about 20 s
  EXPECT_EQ(grow(jobs, 4, kNow), (std::vector<WorkerChange>{{{"b"}, 6, 8}}))
      << "what a does not get is divided anew";
}

TEST(Grow, WholeWorkersOnly) {
  std::vector<ElasticJob> jobs{job("a", 1, 1, 8)};
  jobs[0].devices_per_worker = 8;
  EXPECT_TRUE(grow(jobs, 7, kNow).empty());
  EXPECT_EQ(grow(jobs, 23, kNow)[0].to, 3);
}

TEST(Shrink, TakesWhereLeastIsLostAndNoMoreThanNeeded) {
  std::vector<ElasticJob> jobs{job("a", 1, 16, 16), job("b", 1, 2, 4), job("c", 4, 4, 8)};
  const Shrunk shrunk = shrink(jobs, 5, kNow);
  EXPECT_EQ(shrunk.resizes, (std::vector<WorkerChange>{{{"a"}, 16, 11}}));
  EXPECT_EQ(shrunk.devices, 5);
  EXPECT_EQ(shrink(jobs, 1000, kNow).devices, 15 + 1);
  EXPECT_TRUE(shrink(jobs, 0, kNow).resizes.empty());
}

TEST(Shrink, GivesBackWhatAWideStepTookTooMuch) {
  std::vector<ElasticJob> jobs{job("a", 1, 16, 16)};
  jobs[0].speedup = Speedup({{1, 1000}, {8, 8000}, {16, 8000}});
  EXPECT_EQ(shrink(jobs, 3, kNow).resizes, (std::vector<WorkerChange>{{{"a"}, 16, 13}}));
}

TEST(Resizing, AJobStaysAsItIsUntilItHasSettled) {
  std::vector<ElasticJob> jobs{job("a", 1, 4, 8)};
  jobs[0].last_resized = kNow - 9min;
  EXPECT_TRUE(grow(jobs, 4, kNow).empty());
  EXPECT_EQ(shrink(jobs, 4, kNow).devices, 0);
  EXPECT_EQ(grow(jobs, 4, kNow + 1min).size(), 1u);
  EXPECT_EQ(shrink(jobs, 2, kNow, {.settle = 0ms}).devices, 2) << "who must have them asks so";
}

class RandomElastic : public testing::TestWithParam<unsigned> {
 protected:
  std::mt19937 random_{GetParam()};
  int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  std::vector<ElasticJob> jobs(int64_t count) {
    std::vector<ElasticJob> made;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t min = draw(1, 4), max = min + draw(0, 12);
      made.push_back(job(std::to_string(i), min, draw(min, max), max));
      made.back().devices_per_worker = int64_t{1} << draw(0, 3);
      made.back().weight = draw(1, 3) * 500;
      made.back().remaining = Millis{draw(0, 7'200'000)};
      if (draw(0, 3) == 0) made.back().last_resized = kNow - Millis{draw(0, 1'200'000)};
      std::vector<RatePoint> points;
      for (int64_t at = draw(0, 4); at > 0; --at) points.push_back({draw(1, 16), draw(0, 20'000)});
      made.back().speedup = Speedup(points);
    }
    std::shuffle(made.begin(), made.end(), random_);
    return made;
  }
  static int64_t apply(std::vector<ElasticJob>& jobs, const std::vector<WorkerChange>& resizes) {
    int64_t devices = 0;
    for (const WorkerChange& resize : resizes) {
      for (ElasticJob& one : jobs) {
        if (one.id != resize.id) continue;
        EXPECT_EQ(one.workers, resize.from);
        EXPECT_GE(resize.to, one.min);
        EXPECT_LE(resize.to, one.max);
        devices += (resize.to - resize.from) * one.devices_per_worker;
        one.workers = resize.to;
        one.last_resized = kNow;
      }
    }
    return devices;
  }
};

TEST_P(RandomElastic, NeverMoreThanIdleNeverOutsideItsBoundsAndTwiceIsOnce) {
  for (int round = 0; round < 100; ++round) {
    std::vector<ElasticJob> all = jobs(draw(1, 12));
    const int64_t idle = draw(0, 100);
    const std::vector<WorkerChange> grown = grow(all, idle, kNow);
    std::vector<ElasticJob> other = all;
    std::shuffle(other.begin(), other.end(), random_);
    ASSERT_EQ(grow(other, idle, kNow), grown) << "input order does not matter";
    const int64_t taken = apply(all, grown);
    ASSERT_GE(taken, 0);
    ASSERT_LE(taken, idle);
    ASSERT_TRUE(grow(all, idle - taken, kNow).empty());
    for (const WorkerChange& back : shrink(all, draw(0, 200), kNow).resizes) {
      for (const WorkerChange& resize : grown) ASSERT_NE(back.id, resize.id) << "no flapping";
    }
  }
}

TEST_P(RandomElastic, ShrinkingFreesWhatIsNeededOrAllThereIsAndNoWorkerMore) {
  for (int round = 0; round < 100; ++round) {
    std::vector<ElasticJob> all = jobs(draw(1, 12));
    const int64_t needed = draw(0, 150);
    int64_t there = 0;
    for (const ElasticJob& one : all) {
      const bool settled = one.last_resized == Instant::min() || kNow - one.last_resized >= 10min;
      if (settled) there += (one.workers - one.min) * one.devices_per_worker;
    }
    const Shrunk shrunk = shrink(all, needed, kNow);
    ASSERT_GE(shrunk.devices, std::min(needed, there));
    for (const WorkerChange& resize : shrunk.resizes) {
      for (const ElasticJob& one : all) {
        if (one.id == resize.id && shrunk.devices >= needed) {
          ASSERT_LT(shrunk.devices - one.devices_per_worker, needed);
        }
      }
    }
    ASSERT_EQ(-apply(all, shrunk.resizes), shrunk.devices);
  }
}

TEST_P(RandomElastic, ReachesTheBestSumOfSpeedupsWhereEachWorkerAddsLess) {
  for (int round = 0; round < 20; ++round) {
    std::vector<ElasticJob> all{job("a", 1, draw(1, 5), 12), job("b", 1, draw(1, 5), 12),
                                job("c", 1, draw(1, 5), 12)};
    for (ElasticJob& one : all) {
      one.resize_cost = 0ms;
      one.weight = draw(1, 4) * 250;
    }
    const auto total = [&](int64_t a, int64_t b, int64_t c) {
      return all[0].weight * Speedup().rate_milli(a) + all[1].weight * Speedup().rate_milli(b) +
             all[2].weight * Speedup().rate_milli(c);
    };
    const int64_t idle = draw(0, 12);
    int64_t best = 0;
    for (int64_t a = all[0].workers; a <= 12; ++a) {
      for (int64_t b = all[1].workers; b <= 12; ++b) {
        for (int64_t c = all[2].workers; c <= 12; ++c) {
          const int64_t more = a + b + c - all[0].workers - all[1].workers - all[2].workers;
          if (more <= idle) best = std::max(best, total(a, b, c));
        }
      }
    }
    apply(all, grow(all, idle, kNow));
    ASSERT_EQ(total(all[0].workers, all[1].workers, all[2].workers), best);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomElastic, testing::Range(1u, 9u));

}  // namespace
}  // namespace berth::sched
