#include "sched/time/calendar.h"

#include <gtest/gtest.h>

#include <random>

namespace berth::sched {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;

// 2027-03-01 was a Monday.
constexpr sys_days kMonday = year{2027} / 3 / 1;
constexpr uint8_t kMon = 1, kTue = 2, kFri = 16, kSun = 64;

Instant at(int day, Millis time = 0ms) { return Instant{kMonday} + days{day} + time; }

Calendar calendar(const Recurring& recurring) {
  const auto made = Calendar::of(recurring);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return *made;
}

TEST(Calendar, ASingleOccurrenceIsNextUntilItStartsAndActiveUntilItEnds) {
  const Calendar once = calendar({.start = at(0, 9h), .duration = 2h});
  const Occurrence want{at(0, 9h), at(0, 11h)};
  EXPECT_EQ(once.next(at(-40)), want);
  EXPECT_EQ(once.next(at(0, 9h)), want);
  EXPECT_EQ(once.next(at(0, 9h + 1ms)), std::nullopt);
  EXPECT_EQ(once.active(at(0, 9h - 1ms)), std::nullopt);
  EXPECT_EQ(once.active(at(0, 9h)), want);
  EXPECT_EQ(once.active(at(0, 11h - 1ms)), want);
  EXPECT_EQ(once.active(at(0, 11h)), std::nullopt);
}

TEST(Calendar, ComesEachDayOrOnTheListedDaysOnly) {
  const Calendar daily = calendar({.start = at(0, 22h), .duration = 8h, .every = Every::Day});
  EXPECT_EQ(daily.next(at(3))->from, at(3, 22h));
  EXPECT_EQ(daily.active(at(4, 5h))->from, at(3, 22h)) << "it reaches into the next day";
  const Calendar listed =
      calendar({.start = at(0, 22h), .duration = 8h, .every = Every::Day, .weekdays = kTue | kFri});
  EXPECT_EQ(listed.next(at(0))->from, at(1, 22h)) << "the start's own day is not listed";
  EXPECT_EQ(listed.next(at(1, 23h))->from, at(4, 22h));
  EXPECT_EQ(listed.next(at(5))->from, at(8, 22h));
}

TEST(Calendar, AWeekWithoutDaysMeansTheStartsOwnDay) {
  const Calendar weekly = calendar({.start = at(2, 1h), .duration = 24h, .every = Every::Week});
  EXPECT_EQ(weekly.next(at(2, 2h))->from, at(9, 1h));
  const Calendar twice =
      calendar({.start = at(2, 1h), .duration = 1h, .every = Every::Week, .weekdays = kMon | kSun});
  EXPECT_EQ(twice.next(at(0))->from, at(6, 1h));
  EXPECT_EQ(twice.next(at(6, 2h))->from, at(7, 1h));
}

TEST(Calendar, NoOccurrenceStartsAfterUntilButTheLastOneRunsToItsEnd) {
  const Calendar ending =
      calendar({.start = at(0, 9h), .duration = 5h, .every = Every::Day, .until = at(2, 9h)});
  EXPECT_EQ(ending.next(at(2))->from, at(2, 9h)) << "until itself still counts";
  EXPECT_EQ(ending.next(at(2, 10h)), std::nullopt);
  EXPECT_TRUE(ending.active(at(2, 13h)));
  EXPECT_FALSE(ending.active(at(3, 10h)));
  EXPECT_EQ(ending.within(at(0), at(100)).size(), 3u);
}

TEST(Calendar, RefusesWhatOverlapsItself) {
  const auto error = [](const Recurring& recurring) {
    const auto made = Calendar::of(recurring);
    return made.ok() ? "" : made.error().message;
  };
  EXPECT_EQ(error({.start = at(0), .duration = 25h, .every = Every::Day}),
            "occurrences overlap: one lasts 90000 s, the next starts after 86400 s");
  EXPECT_EQ(error({.start = at(0), .duration = 24h, .every = Every::Day}), "");
  EXPECT_EQ(error({.start = at(0), .duration = 48h, .every = Every::Week, .weekdays = 1 | 4}), "");
  EXPECT_NE(error({.start = at(0), .duration = 25h, .every = Every::Week, .weekdays = kSun | kMon}),
            "")
      << "Sunday is the day before Monday";
  EXPECT_EQ(error({.start = at(0), .duration = 90h, .every = Every::Day, .until = at(0, 1h)}), "")
      << "there is only one";
  EXPECT_NE(error({.start = at(0), .duration = 0ms}), "");
  EXPECT_NE(error({.start = at(0), .duration = 1h, .every = Every::Day, .until = at(-1)}), "");
}

TEST(Calendar, AnswersAtTheEndsOfTime) {
  const Calendar daily = calendar({.start = at(0, 22h), .duration = 8h, .every = Every::Day});
  EXPECT_EQ(daily.next(Instant::min())->from, at(0, 22h));
  EXPECT_EQ(daily.active(Instant::min()), std::nullopt);
  EXPECT_EQ(daily.next(Instant::max()), std::nullopt);
  EXPECT_EQ(daily.active(Instant::max()), std::nullopt);
  EXPECT_EQ(daily.within(at(0), Instant::max(), 10).size(), 10u);
}

class RandomCalendar : public testing::TestWithParam<unsigned> {
 protected:
  std::mt19937 random_{GetParam()};
  int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  Recurring recurring() {
    Recurring made{.start = Instant{Millis{draw(-400, 400) * 3'600'000}},
                   .duration = Millis{draw(1, 30) * 3'600'000},
                   .every = draw(0, 1) == 0 ? Every::Day : Every::Week,
                   .weekdays = static_cast<uint8_t>(draw(0, 127))};
    if (draw(0, 1) == 0) made.until = made.start + Millis{draw(0, 800) * 3'600'000};
    return made;
  }
};

// The definition, hour by hour.
std::vector<Occurrence> brute_force(const Recurring& r, Instant end) {
  std::vector<Occurrence> all;
  for (Instant from = r.start; from < end; from += 24h) {
    if (r.until && from > *r.until) break;
    const std::chrono::weekday weekday{std::chrono::floor<days>(from)};
    const std::chrono::weekday own{std::chrono::floor<days>(r.start)};
    const bool listed = r.weekdays != 0 ? ((r.weekdays >> (weekday.iso_encoding() - 1)) & 1) != 0
                                        : r.every == Every::Day || weekday == own;
    if (listed) all.push_back({from, from + r.duration});
  }
  return all;
}

TEST_P(RandomCalendar, EqualsTheDefinitionWhateverOrderTheInstantsAreAskedIn) {
  for (int round = 0; round < 50; ++round) {
    const Recurring r = recurring();
    const auto want = brute_force(r, r.start + days{60});
    bool overlaps = false;
    for (size_t i = 1; i < want.size(); ++i) overlaps |= want[i].from < want[i - 1].until;
    const auto made = Calendar::of(r);
    ASSERT_EQ(made.ok(), !overlaps && !want.empty());
    if (!made.ok()) continue;
    for (int probe = 0; probe < 200; ++probe) {  // a clock that steps anywhere
      const Instant now = r.start + Millis{draw(-100, 24 * 40) * 3'600'000 / 2 + draw(-1, 1)};
      std::optional<Occurrence> next, active;
      for (const Occurrence& one : want) {
        if (!next && one.from >= now) next = one;
        if (one.holds(now)) active = one;
      }
      ASSERT_EQ(made->next(now), next);
      ASSERT_EQ(made->active(now), active);
    }
    const Instant from = r.start + days{draw(-3, 20)};
    std::vector<Occurrence> inside;
    for (const Occurrence& one : want) {
      if (one.until > from && one.from < from + days{20}) inside.push_back(one);
    }
    ASSERT_EQ(made->within(from, from + days{20}), inside);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomCalendar, testing::Range(1u, 9u));

}  // namespace
}  // namespace berth::sched
