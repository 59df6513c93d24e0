#include "scaling/day_shape.h"

#include <gtest/gtest.h>

#include <chrono>

namespace berth::scaling {
namespace {

using namespace std::chrono_literals;
constexpr Instant kDay0 = std::chrono::sys_days{std::chrono::year{2026} / 3 / 2};

// Ten in flight, and forty from eight to nine o'clock.
int64_t busy_morning(Millis of_day) { return of_day >= 8h && of_day < 9h ? 40'000 : 10'000; }

void tell(DayShape& shape, int days, Millis until, int64_t percent = 100) {
  for (int day = 0; day < days; ++day) {
    for (Millis at{0}; at < 24h; at += 1min)
      shape.observe(kDay0 + day * 24h + at, busy_morning(at));
  }
  for (Millis at{0}; at < until; at += 1min) {
    shape.observe(kDay0 + days * 24h + at, busy_morning(at) * percent / 100);
  }
}

TEST(DayShape, SaysNothingWithoutTwoDays) {
  DayShape shape;
  tell(shape, 1, 8h);
  EXPECT_EQ(shape.ahead_milli(kDay0 + 24h + 7h + 58min, 5min), 0);
}

TEST(DayShape, ExpectsTheUsualMorningBeforeItComes) {
  DayShape shape;
  tell(shape, 2, 7h + 58min);
  const Instant morning = kDay0 + 48h + 8h;
  EXPECT_EQ(shape.ahead_milli(morning - 30min, 5min), 10'000);
  EXPECT_EQ(shape.ahead_milli(morning - 2min, 5min), 40'000);
}

TEST(DayShape, FollowsTheTrendOfToday) {
  DayShape shape;
  tell(shape, 3, 7h + 58min, 150);
  EXPECT_EQ(shape.ahead_milli(kDay0 + 72h + 7h + 58min, 5min), 60'000);
}

TEST(DayShape, SaysNothingOnAnotherKindOfDay) {
  DayShape quiet;
  tell(quiet, 3, 7h + 58min, 30);
  EXPECT_EQ(quiet.ahead_milli(kDay0 + 72h + 7h + 58min, 5min), 0);
  DayShape wild;
  tell(wild, 3, 7h + 58min, 300);
  EXPECT_EQ(wild.ahead_milli(kDay0 + 72h + 7h + 58min, 5min), 0);
}

TEST(DayShape, IsNotMisledByOneDayOutOfSeven) {
  DayShape shape;
  tell(shape, 6, 0s);
  for (Millis at{0}; at < 24h; at += 1min) shape.observe(kDay0 + 6 * 24h + at, 900'000);
  for (Millis at{0}; at < 12h; at += 1min) shape.observe(kDay0 + 7 * 24h + at, 10'000);
  EXPECT_EQ(shape.ahead_milli(kDay0 + 7 * 24h + 12h, 5min), 10'000);
}

TEST(DayShape, ForgetsWhatIsOlderThanAWeek) {
  DayShape shape;
  tell(shape, 2, 0s);
  shape.observe(kDay0 + 30 * 24h, 10'000);
  EXPECT_EQ(shape.ahead_milli(kDay0 + 30 * 24h + 1h, 5min), 0);
}

TEST(DayShape, IsReadBackAsItWasWritten) {
  DayShape shape;
  tell(shape, 7, 7h + 58min, 120);
  const std::string text = shape.encode();
  EXPECT_LE(text.size(), 48U << 10);
  const auto again = DayShape::decode(text);
  ASSERT_TRUE(again.ok()) << again.error().message;
  for (Millis at{0}; at < 24h; at += 7min) {
    const Instant moment = kDay0 + 7 * 24h + at;
    EXPECT_EQ(again->ahead_milli(moment, 5min), shape.ahead_milli(moment, 5min));
  }
  EXPECT_EQ(again->encode(), text);
  EXPECT_TRUE(DayShape::decode(DayShape().encode()).ok());
}

TEST(DayShape, RefusesATextThatWasCutOrChanged) {
  DayShape shape;
  tell(shape, 2, 1h);
  const std::string text = shape.encode();
  const size_t last_day = text.rfind(';');
  for (const size_t size : {size_t{0}, size_t{2}, last_day, last_day + 1, last_day + 100}) {
    EXPECT_FALSE(DayShape::decode(text.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DayShape::decode("2" + text.substr(1)).ok());
  EXPECT_FALSE(DayShape::decode(text + text.substr(1)).ok()) << "days again";
  std::string changed = text;
  changed[text.size() - 300] = '-';
  EXPECT_FALSE(DayShape::decode(changed).ok());
}

}  // namespace
}  // namespace berth::scaling
