#include "json/time.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;

constexpr Instant kAugust = sys_days{std::chrono::year{2026} / 8 / 22} + 9h + 30min;

TEST(Time, WritesSecondsAndMillisecondsOnlyWhenThereAreAny) {
  EXPECT_EQ(format_time(kAugust), "2026-08-22T09:30:00Z");
  EXPECT_EQ(format_time(kAugust + 250ms), "2026-08-22T09:30:00.250Z");
  EXPECT_EQ(format_time(Instant{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(Instant{} - 1ms), "1969-12-31T23:59:59.999Z");
}

TEST(Time, WritesSixDigitsForLeases) {
  EXPECT_EQ(format_micro_time(kAugust), "2026-08-22T09:30:00.000000Z");
  EXPECT_EQ(format_micro_time(kAugust + 7ms), "2026-08-22T09:30:00.007000Z");
}

TEST(Time, ReadsEveryFormThatApiServersWrite) {
  const struct {
    const char* text;
    Instant want;
  } kCases[] = {
      {"2026-08-22T09:30:00Z", kAugust},
      {"2026-08-22t09:30:00z", kAugust},
      {"2026-08-22T09:30:00.25Z", kAugust + 250ms},
      {"2026-08-22T09:30:00.123456789Z", kAugust + 123ms},
      {"2026-08-22T11:30:00+02:00", kAugust},
      {"2026-08-22T00:00:00-09:30", kAugust},
      {"2024-02-29T00:00:00Z", sys_days{std::chrono::year{2024} / 2 / 29}},
      {"2016-12-31T23:59:60Z", sys_days{std::chrono::year{2017} / 1 / 1}},
  };
  for (const auto& c : kCases) {
    const auto got = parse_time(c.text);
    ASSERT_TRUE(got.ok()) << c.text;
    EXPECT_EQ(*got, c.want) << c.text;
  }
}

TEST(Time, RefusesWhatIsNotAnInstant) {
  for (const char* text :
       {"", "yesterday", "2026-08-22", "2026-08-22T09:30:00", "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-08-22T24:00:00Z", "2026-08-22T09:60:00Z",
        "2026-08-22T09:30:61Z", "2026-08-22T09:30:00.Z", "2026-08-22T09:30:00+2:00",
        "2026-08-22T09:30:00Z ", "-026-08-22T09:30:00Z", "2026-08-22T09:30:00+24:00"}) {
    EXPECT_FALSE(parse_time(text).ok()) << text;
  }
  EXPECT_EQ(parse_time("soon").error().message, "want an RFC 3339 time, got \"soon\"");
}

TEST(Time, ReadsWhatItWrites) {
  for (int64_t step = 0; step < 2000; ++step) {
    // Strides over centuries and through all milliseconds, without any pattern of days.
    const Instant instant{Millis{step * 3'155'695'237 - 1'000'000'000'000}};
    EXPECT_EQ(*parse_time(format_time(instant)), instant);
    EXPECT_EQ(*parse_time(format_micro_time(instant)), instant);
  }
}

}  // namespace
}  // namespace berth
