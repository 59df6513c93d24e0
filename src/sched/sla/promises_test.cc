#include "sched/sla/promises.h"

#include <gtest/gtest.h>

#include <random>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;

constexpr const char* kH200 = "nvidia-h200";
Instant at(Millis after) { return Instant{500'000h} + after; }

Promised promise(int64_t devices, int64_t percent, Instant ends = Instant::max()) {
  return {kH200, devices, percent, ends};
}

TEST(Promises, AreMadeUntilTheDevicesLessTheirHeadroomAreSpent) {
  Promises promises;
  const Promisable there{.devices = 16, .repair_headroom = 2};
  EXPECT_TRUE(promises.can_promise({"a"}, promise(14, 100), there, at(0ms)).can);
  EXPECT_FALSE(promises.can_promise({"a"}, promise(15, 100), there, at(0ms)).can);
  promises.make({"a"}, promise(8, 95));
  const PromiseAnswer answer = promises.can_promise({"b"}, promise(8, 70), there, at(0ms));
  EXPECT_EQ(
      answer,
      (PromiseAnswer{
          .can = true, .demand = 560, .promised = 760, .promisable = 1400, .earliest = at(0ms)}));
  promises.make({"b"}, promise(8, 70));
  EXPECT_TRUE(promises.can_promise({"c"}, promise(8, 0), there, at(0ms)).can) << "promises nothing";
  EXPECT_FALSE(promises.can_promise({"c"}, promise(1, 95), there, at(0ms)).can);
}

TEST(Promises, SaysWhenItCouldByWhatEndsBefore) {
  Promises promises;
  const Promisable there{.devices = 8};
  promises.make({"a"}, promise(4, 100, at(2h)));
  promises.make({"b"}, promise(2, 100, at(1h)));
  promises.make({"c"}, promise(2, 100));
  const auto earliest = [&](int64_t devices) {
    return promises.can_promise({"d"}, promise(devices, 100), there, at(0ms)).earliest;
  };
  EXPECT_EQ(earliest(2), at(1h));
  EXPECT_EQ(earliest(6), at(2h));
  EXPECT_EQ(earliest(7), Instant::max()) << "c has no end";
  EXPECT_EQ(promises.can_promise({"d"}, promise(2, 100), there, at(90min)).earliest,
            at(90min + 1ms))
      << "b is overdue and still there";
}

TEST(Promises, ItsOwnAndOtherClassesDoNotStandInTheWay) {
  Promises promises;
  promises.make({"a"}, promise(8, 100));
  promises.make({"b"}, {"ascend-910b", 8, 100});
  EXPECT_TRUE(promises.can_promise({"a"}, promise(8, 100), {.devices = 8}, at(0ms)).can);
  EXPECT_EQ(promises.promised(kH200), 800);
}

class RandomPromises : public testing::TestWithParam<unsigned> {};

TEST_P(RandomPromises, SumsEqualARecountAndTheEarliestInstantIsTheFirstThatFits) {
  std::mt19937 random{GetParam()};
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  Promises promises;
  std::map<WorkloadId, Promised> all;
  for (int round = 0; round < 300; ++round) {
    const WorkloadId id{std::to_string(draw(0, 20))};
    if (draw(0, 2) == 0) {
      promises.end(id);
      all.erase(id);
    } else {
      all[id] = promise(draw(0, 4), draw(0, 100),
                        draw(0, 5) == 0 ? Instant::max() : at(Millis{draw(1, 50)}));
      promises.make(id, all[id]);
    }
    const Promised wanted = promise(draw(0, 10), draw(0, 100));
    const Promisable there{.devices = draw(0, 20), .repair_headroom = draw(0, 3)};
    const auto held = [&](Instant at) {
      int64_t sum = 0;
      for (const auto& [who, one] : all) {
        if (who != WorkloadId{"new"} && one.ends > at) sum += one.devices * one.percent;
      }
      return sum;
    };
    const int64_t promisable = std::max<int64_t>(0, there.devices - there.repair_headroom) * 100;
    Instant want = Instant::max();
    for (int64_t ms = 0; ms <= 51 && want == Instant::max(); ++ms) {
      const int64_t demand = wanted.devices * wanted.percent;
      if (demand == 0 || held(at(Millis{ms})) + demand <= promisable) want = at(Millis{ms});
    }
    const PromiseAnswer answer = promises.can_promise({"new"}, wanted, there, at(0ms));
    ASSERT_EQ(answer.promised, held(at(0ms)));
    ASSERT_EQ(answer.earliest, want);
    ASSERT_EQ(answer.can, want == at(0ms));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPromises, testing::Range(1u, 6u));

}  // namespace
}  // namespace berth::sched
